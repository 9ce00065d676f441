import type { ServerResponse } from "node:http";

/** A page without scripts: title and content are HTML. */
export function sendPage(
  response: ServerResponse,
  status: number,
  title: string,
  content: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", ...headers });
  response.end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pipeline: ${title}</title></head><body><main><h1>pipeline</h1>
${content}</main></body></html>`);
}

/** A text in HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
