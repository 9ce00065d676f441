/** The source's search API. Source: docs/source.md. */
export const liveSource = "https://www.consumerfinance.gov/data-research/consumer-complaints/search/api/v1/";

/** The zip of all complaints of that source. Source: docs/source.md. */
export const liveBulkFile = "https://files.consumerfinance.gov/ccdb/complaints.csv.zip";

/**
 * Whose complaints a source has: `live`, `sample` (the embedded one), or its address without what differs between two ways to the same
 * source: port, user, password and parameters.
 */
export function sourceIdentity(source: string): string {
  if (source === "sample" || !URL.canParse(source)) return source;
  const plain = (address: string) => {
    const { protocol, hostname, pathname } = new URL(address);
    return `${protocol}//${hostname}${pathname.replace(/\/*$/, "/")}`;
  };
  return plain(source) === plain(liveSource) ? "live" : plain(source);
}
