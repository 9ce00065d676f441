/** An answer before it is sent. */
export type Answer = {
  status: number;
  headers: Record<string, string>;
  /** A text, pieces that are sent as they are, or a stream that is sent chunked. */
  body: string | Buffer[] | Generator<string>;
};

/** Headers that the search code puts on whatever it answers well. */
export const openHeaders = { allow: "OPTIONS, GET", "access-control-allow-origin": "https://cfpb.github.io" };

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", allow: "OPTIONS, GET", ...headers },
    body: JSON.stringify(value),
  };
}

/** Bad paging and an outage of the index look the same. */
export function indexFailed(): Answer {
  return json(424, { error: "There was an error calling OpenSearch" });
}

/** A web page: of the website, or of the firewall in front of it. */
export function html(status: number, text: string): Answer {
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: text };
}
