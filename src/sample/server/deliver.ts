import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, json } from "../answers/answer.ts";
import { type BulkFile, bulkFile } from "../answers/bulk.ts";
import { type Fault, spoil } from "./faults.ts";
import type { Serving } from "./serving.ts";
import { realRates } from "./throttle.ts";

/** Sends an answer, or what the fault makes of it. */
export function deliver(response: ServerResponse, answer: Answer, method: string, fault: Fault | undefined): void {
  const replaced = replacement(fault) ?? answer;
  const { status, headers, body } = replaced;
  if (typeof body !== "string" && !Array.isArray(body)) {
    response.writeHead(status, headers);
    void stream(response, body);
    return;
  }
  const whole = () => (typeof body === "string" ? Buffer.from(body) : Buffer.concat(body));
  if (fault === undefined && typeof body !== "string") {
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    response.writeHead(status, { ...headers, "content-length": length });
    if (method !== "HEAD") for (const piece of body) response.write(piece);
    response.end();
    return;
  }
  const bytes = fault === undefined ? whole() : Buffer.from(spoil(whole().toString(), fault));
  if (fault?.kind === "reset" && !fault.bytes) {
    response.destroy();
    return;
  }
  if (fault?.kind === "hang" && !fault.bytes) return;
  if (fault?.kind === "gzip-rubbish") {
    response.writeHead(status, { ...headers, "content-encoding": "gzip" });
    response.end("this is no gzip");
    return;
  }
  const chunked = fault?.kind === "cut" && fault.chunked === true;
  response.writeHead(status, chunked ? headers : { ...headers, "content-length": bytes.length });
  if (method === "HEAD") response.end();
  else send(response, bytes, fault);
}

/** Sends a body piece by piece. One that fails in mid-stream just ends: the last chunk is left out. */
async function stream(response: ServerResponse, body: Generator<string>): Promise<void> {
  try {
    for (const part of body) {
      await new Promise<void>((resolve, reject) => {
        response.write(part, (error) => (error ? reject(error) : resolve()));
      });
    }
    response.end();
  } catch {
    response.destroy(); // whoever reads sees the end; there is nobody else to tell
  }
}

function send(response: ServerResponse, bytes: Buffer, fault: Fault | undefined): void {
  switch (fault?.kind) {
    case "cut":
      // Written first: what is still in a buffer would go with the connection.
      response.write(bytes.subarray(0, fault.bytes), () => (fault.chunked ? response.end() : response.destroy()));
      return;
    case "reset":
      response.write(bytes.subarray(0, fault.bytes), () => response.socket?.resetAndDestroy());
      return;
    case "hang":
      response.write(bytes.subarray(0, fault.bytes));
      return;
    case "drip":
      drip(response, bytes, fault.bytes, fault.everyMs);
      return;
    default:
      response.end(bytes);
  }
}

function drip(response: ServerResponse, bytes: Buffer, atOnce: number, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, sent + atOnce));
    sent += atOnce;
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.on("close", () => clearInterval(timer));
}

/** The answers that a fault gives in place of the true one. */
function replacement(fault: Fault | undefined): Answer | undefined {
  if (fault?.kind === "answer") {
    const { status, headers = {}, body = "" } = fault;
    return { status, headers: { "content-type": "application/json", ...headers }, body };
  }
  if (fault?.kind === "html") {
    const page = "<!DOCTYPE html><html><head><title>Something went wrong</title></head><body></body></html>";
    return { status: fault.status, headers: { "content-type": "text/html; charset=utf-8" }, body: page };
  }
  if (fault?.kind === "throttled") {
    const seconds = typeof fault.retryAfter === "number" ? fault.retryAfter : 60 / realRates.search;
    const answer = json(429, { detail: `Request was throttled. Expected available in ${seconds} seconds.` });
    if (fault.retryAfter === undefined) return answer;
    return { ...answer, headers: { ...answer.headers, "retry-after": String(fault.retryAfter) } };
  }
  return undefined;
}

/** The bulk file, whole or a range of it, or the word that it has not changed. */
export async function deliverBulk(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const instead = replacement(fault);
  if (instead !== undefined) {
    deliver(response, instead, request.method ?? "GET", undefined);
    return;
  }
  const file = await bulkFile(serving.index.view(serving.now()), serving.bulkColumns ?? 15);
  const headers = {
    "content-type": "application/zip",
    "accept-ranges": "bytes",
    "last-modified": file.modified.toUTCString(),
    etag: file.etag,
  };
  if (isUnchanged(request, file)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = requestedRange(request, file);
  if (range === "none") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${file.bytes.length}` }).end();
    return;
  }
  const { from, to } = range ?? { from: 0, to: file.bytes.length - 1 };
  const part = file.bytes.subarray(from, to + 1);
  const partial = range === undefined ? {} : { "content-range": `bytes ${from}-${to}/${file.bytes.length}` };
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...partial, "content-length": part.length });
  if (request.method === "HEAD") response.end();
  else send(response, part, fault);
}

function isUnchanged({ headers }: IncomingMessage, { etag, modified }: BulkFile): boolean {
  const tags = headers["if-none-match"];
  if (tags !== undefined) return tags === "*" || tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  const since = Date.parse(headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && modified.getTime() <= since;
}

/** One range of bytes; undefined: the whole; none: it lies outside. */
function requestedRange(
  { headers }: IncomingMessage,
  { bytes, etag, modified }: BulkFile,
): { from: number; to: number } | "none" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const condition = headers["if-range"];
  // A part of another file would be of no use.
  if (condition !== undefined && condition !== etag && Date.parse(String(condition)) !== modified.getTime())
    return undefined;
  const from = first === "" ? Math.max(bytes.length - Number(last), 0) : Number(first);
  const to = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
  return from > to || from >= bytes.length ? "none" : { from, to };
}
