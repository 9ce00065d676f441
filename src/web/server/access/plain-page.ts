import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { AppContext } from "../request.ts";

type Html = ReturnType<typeof html>;

/** Answers with a page without scripts. */
export function plainPage(
  context: AppContext,
  status: ContentfulStatusCode,
  title: string,
  content: Html,
): Response | Promise<Response> {
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pipeline: ${title}</title></head><body><main><h1>pipeline</h1>
${content}</main></body></html>`;
  return context.html(page, status);
}
