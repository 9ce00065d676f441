import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Rows } from "./rows.ts";
import { type Answer, json, search } from "./search.ts";

/** Where the source has its search API. */
export const searchPath = "/data-research/consumer-complaints/search/api/v1/";

/** What is sent in place of the true answer. */
export type Misbehavior =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The true answer's first bytes, then the connection ends. */
  | { cutAfter: number }
  /** The connection ends without an answer. */
  | "reset"
  /** Nothing is ever answered. */
  | "hang";

export type SampleRequest = { method: string; url: URL };

export type SampleOptions = {
  rows: Rows;
  /** The instant the server lives in, epoch milliseconds; asked once per request. */
  now: () => number;
  /** 0: any free port. */
  port?: number;
  /** Looked at before a request is answered; may wait. */
  intercept?: (request: SampleRequest) => Misbehavior | undefined | Promise<Misbehavior | undefined>;
};

export type SampleServer = { url: string; close(): Promise<void> };

/** Serves the search API on 127.0.0.1. */
export async function startSample(options: SampleOptions): Promise<SampleServer> {
  const server = createServer((request, response) => {
    void handle(options, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${searchPath}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(options: SampleOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://sample.invalid");
  const method = request.method ?? "GET";
  const misbehavior = await options.intercept?.({ method, url });
  if (misbehavior === "hang") return;
  if (misbehavior === "reset") {
    response.destroy();
    return;
  }
  if (misbehavior !== undefined && "status" in misbehavior) {
    const { status, headers = {}, body = "" } = misbehavior;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body);
    return;
  }
  const answer = route(options, method, url);
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    "content-type": answer.type === "text/html" ? "text/html; charset=utf-8" : answer.type,
    "content-length": body.length,
  });
  if (misbehavior !== undefined) {
    response.write(body.subarray(0, misbehavior.cutAfter), () => response.destroy());
    return;
  }
  response.end(method === "HEAD" ? undefined : body);
}

function route(options: SampleOptions, method: string, url: URL): Answer {
  // A missing trailing slash, retired paths and everything else show the website's page.
  if (url.pathname !== searchPath) return websitePage();
  if (method !== "GET") return json(405, { detail: `Method "${method}" not allowed.` });
  return search(options.rows, url.searchParams, options.now());
}

function websitePage(): Answer {
  const title = "Consumer Complaint Database";
  return {
    status: 200,
    type: "text/html",
    body: `<!DOCTYPE html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  };
}
