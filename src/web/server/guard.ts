import type { IncomingMessage } from "node:http";

/** Why a request is refused: status and a sentence; null where it may be answered. */
export type Refusal = { status: 400 | 403; message: string } | null;

/**
 * Who may ask a server without a password (a page of another site, or one whose name was pointed at this machine, may not):
 * exactly one Host, which names this machine and port; under `/api` no other site's page, also none of another port; and for
 * what changes something a JSON body from this server's own pages. `names`: null where a token says who may ask.
 */
export function refusal(request: IncomingMessage, port: number, names: readonly string[] | null): Refusal {
  const hosts = valuesOf(request, "host");
  const [host = ""] = hosts;
  if (hosts.length !== 1) return { status: 403, message: "Expected one Host." };
  const allowed = names?.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  if (allowed !== undefined && !allowed.includes(host.toLowerCase())) {
    return { status: 403, message: `This server answers as ${allowed[0]} only.` };
  }
  if (!request.url?.startsWith("/")) return { status: 400, message: "The request names another server." };
  const isRead = request.method === "GET" || request.method === "HEAD";
  const [origin] = valuesOf(request, "origin");
  if (!isRead && origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return { status: 403, message: "Pages of other sites may not ask this server." };
  }
  if (!request.url.startsWith("/api/")) return null;
  const [site] = valuesOf(request, "sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && !(isRead && site === "none")) {
    return { status: 403, message: "Pages of other sites may not ask this server." };
  }
  if (isRead) return null;
  const [type = ""] = valuesOf(request, "content-type");
  if (!/^application\/json(;|$)/i.test(type)) return { status: 400, message: "Expected a JSON body." };
  return null;
}

/** All values that a header was sent with: Node keeps the first of two, which a proxy before it may not. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name);
}
