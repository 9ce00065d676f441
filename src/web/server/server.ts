import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { PipelineError } from "../../pipeline/errors.ts";
import { runsApi } from "./api.ts";
import { refusal } from "./guard.ts";
import { HistoryHandle } from "./history-handle.ts";
import { listen } from "./listen.ts";

export type ServerOptions = {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** The file of the run history. */
  history: string;
  version: string;
  /** What a caller with the right to know is told of an error that nobody expected. */
  onError(error: unknown): void;
};

export type WebServer = { url: string; port: number; close(): Promise<void> };

/** Milliseconds for a request's head and body. */
const requestMs = 30_000;
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Serves a home's runs on loopback. Throws `port_in_use` and names who has the port. */
export async function startServer(options: ServerOptions): Promise<WebServer> {
  if (!loopback.includes(options.host)) throw notLoopback(options.host);
  const handle = new HistoryHandle(options.history);
  const app = new Hono();
  app.get("/healthz", (context) => context.json({ status: "ok", pid: process.pid, version: options.version }));
  app.route("/api/v1", runsApi(handle));
  app.notFound((context) => context.json({ error: { message: "There is nothing here." } }, 404));
  app.onError((error, context) => {
    options.onError(error);
    const message = error instanceof PipelineError ? error.what : "An unexpected error; the server's log has it.";
    return context.json({ error: { message } }, 500);
  });

  const answer = getRequestListener(app.fetch);
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { port } = server.address() as AddressInfo;
    const refused = refusal(request, port, loopback);
    if (refused !== null) {
      response.writeHead(refused.status, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify({ error: { message: refused.message } }));
      return;
    }
    void answer(request, response);
  });
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const host = options.host === "::1" ? "[::1]" : options.host;
  return { url: `http://${host}:${port}`, port, close: () => close(server, handle) };
}

const loopback = ["127.0.0.1", "localhost", "[::1]", "::1"];

function notLoopback(host: string): PipelineError {
  return new PipelineError({
    code: "usage",
    what: `--host is "${host}": whoever reaches that address could read the runs, without a password.`,
    data: "Nothing was started.",
    next: "Leave it at 127.0.0.1, and reach it from elsewhere through ssh -L 4200:127.0.0.1:4200.",
  });
}

async function close(server: Server, handle: HistoryHandle): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Kept connections and streams would be waited for.
  server.closeAllConnections();
  await closed;
  handle.close();
}
