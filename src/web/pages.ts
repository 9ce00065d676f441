/** The pages, by the first part of their address; those whose address may have a second part, such as the name of a run. */
const pages = {
  overview: { first: "", hasPart: false },
  runs: { first: "runs", hasPart: true },
  trends: { first: "trends", hasPart: false },
  schedules: { first: "schedules", hasPart: false },
  data: { first: "data", hasPart: true },
  lineage: { first: "lineage", hasPart: true },
} as const;

export type Page = {
  name: keyof typeof pages;
  /** The second part of the address, decoded where it can be. */
  part: string | null;
};

/** The page at the path of an address; null where there is none. The server and the browser both ask here. */
export function pageAt(path: string): Page | null {
  const [, first = "", part, more] = path.split("/");
  if (part === "" || more !== undefined) return null;
  for (const [name, page] of Object.entries(pages) as [Page["name"], (typeof pages)[Page["name"]]][]) {
    if (page.first === first && (part === undefined || page.hasPart)) {
      return { name, part: part === undefined ? null : decoded(part) };
    }
  }
  return null;
}

/** As it is written where it is no UTF-8. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
