import type { IncomingMessage } from "node:http";
import { type Answer, html, json } from "../answers/answer.ts";
import { csvErrors, exportCsv, exportJson } from "../answers/exports.ts";
import { suggest, trends } from "../answers/old-paths.ts";
import { search } from "../answers/search.ts";
import { singleDocument } from "../answers/single-document.ts";
import type { Shape } from "../dataset/shapes.ts";
import { parseQuery } from "../search/parameters.ts";
import type { Fault } from "./faults.ts";
import { type Serving, searchPath } from "./serving.ts";

/** The answer to a request, as the source's routes, its firewall and its website give it. */
export function route(
  serving: Serving,
  request: IncomingMessage,
  method: string,
  url: URL,
  fault: Fault | undefined,
): Answer {
  const { shape } = serving;
  const websitePage = html(
    200,
    "<!DOCTYPE html><html lang='en'><head><title>Consumer Complaint Database</title></head><body>Search the database</body></html>",
  );
  if (!url.pathname.startsWith(searchPath)) return websitePage;
  // The web firewall: no browser of another site, and nobody without a name.
  if (request.headers.origin !== undefined || request.headers["user-agent"] === undefined) {
    return html(403, "<html><body>Access Denied</body></html>");
  }
  const rest = url.pathname.slice(searchPath.length);
  const isDocument = /^\d+\/?$/.test(rest);
  const isOld = /^(_suggest|_suggest_company|_suggest_zip|trends|geo\/states)\/?$/.test(rest);
  if (rest !== "" && !isDocument && !(isOld && shape.oldPaths)) return websitePage;
  const format = url.searchParams.getAll("format").at(-1);
  const client = request.socket.remoteAddress ?? "";
  const kind = isDocument ? "document" : format === "csv" || format === "json" ? "export" : "search";
  const asCsv = format === "csv" || (format === undefined && acceptedBy(request.headers.accept) === "csv");
  const refused = isOld ? undefined : serving.throttle?.refuse(client, kind, asCsv ? "csv" : "json");
  if (refused !== undefined) return refused;
  // How the answer is written is settled, and the limits are, before it is seen that the method is another one.
  if (method !== "GET") return otherMethod(method, rest, request, format, shape);
  const view = serving.index.view(serving.now());
  if (isDocument) return singleDocument(view, rest.replace("/", ""), shape);
  if (rest.startsWith("_suggest_zip")) return suggest(view, "zip", url.searchParams, shape);
  if (rest.startsWith("_suggest")) return suggest(view, "company", url.searchParams, shape);
  if (isOld) return trends(url.searchParams);
  return answerSearch(serving, request, url, format, fault);
}

function otherMethod(
  method: string,
  rest: string,
  request: IncomingMessage,
  format: string | undefined,
  shape: Shape,
): Answer {
  const rendered = rest === "" ? renderedAs(request, format, shape) : "default";
  if (typeof rendered === "object") return rendered;
  if (method === "OPTIONS") return json(200, rest === "" ? describedSearch : { name: "Document", description: "" });
  const detail = `Method "${method}" not allowed.`;
  return rendered === "csv" ? csvErrors(405, { detail: [] }) : json(405, { detail });
}

/** How an answer is written; an answer where it cannot be written as it is asked for. */
function renderedAs(
  request: IncomingMessage,
  format: string | undefined,
  shape: Shape,
): "default" | "csv" | "json" | Answer {
  if (format === "json" && !shape.jsonExport) return html(404, "<html><body>Not found</body></html>");
  if (format !== undefined && !["csv", "json", "default"].includes(format)) return json(404, { detail: "Not found." });
  const accepted = format === "csv" || format === "json" ? format : acceptedBy(request.headers.accept);
  return accepted ?? json(406, { detail: "Could not satisfy the request Accept header." });
}

const describedSearch = {
  name: "Search",
  description: "",
  renders: ["application/json", "application/json", "text/csv"],
  parses: ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
};

function answerSearch(
  serving: Serving,
  request: IncomingMessage,
  url: URL,
  format: string | undefined,
  fault: Fault | undefined,
): Answer {
  const { shape } = serving;
  const nowMs = serving.now();
  const accepted = renderedAs(request, format, shape);
  if (typeof accepted === "object") return accepted;
  const parsed = parseQuery(url.searchParams, shape);
  if ("errors" in parsed) return accepted === "csv" ? csvErrors(400, parsed.errors) : json(400, parsed.errors);
  const { query } = parsed;
  if (fault?.kind === "ignore-company") delete query.include.company;
  const view = serving.index.view(nowMs);
  if (accepted === "csv") return exportCsv(view, query, shape, nowMs);
  if (format === "json") return exportJson(view, query, shape, nowMs);
  const flags = fault?.kind === "meta" ? fault : {};
  return search(view, query, shape, { nowMs, ...flags });
}

/** What an Accept header asks for; null: nothing that there is. */
function acceptedBy(accept: string | undefined): "default" | "csv" | null {
  const types = (accept ?? "*/*").split(",").map((part) => part.split(";")[0]!.trim().toLowerCase());
  if (types.some((type) => ["*/*", "application/*", "application/json", ""].includes(type))) return "default";
  return types.some((type) => type === "text/csv" || type === "text/*") ? "csv" : null;
}
