import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { RunRow } from "../../history/history.ts";
import { PipelineError } from "../../pipeline/errors.ts";
import { Assets } from "./assets.ts";
import { Changes } from "./changes.ts";
import { dataRoutes } from "./data-routes.ts";
import { refusal } from "./guard.ts";
import type { Home } from "./home.ts";
import { lineageRoutes } from "./lineage-routes.ts";
import { listen } from "./listen.ts";
import { streamLog } from "./log-stream.ts";
import { Login } from "./login.ts";
import { metrics } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { overviewRoutes } from "./overview-routes.ts";
import { Problem, type Route, routed } from "./route.ts";
import { findRun, runsRoutes } from "./runs-routes.ts";
import { scheduleRoutes } from "./schedule-routes.ts";

export type ServerOptions = {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Needed where others than this machine can reach the host. */
  token: string | null;
  home: Home;
  /** Hears of an error that nobody expected. */
  onError(error: unknown): void;
};

export type WebServer = { url: string; port: number; close(): Promise<void> };

/** Milliseconds for a request's head and body. */
const requestMs = 30_000;
const mostStreams = 500;
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export function apiRoutes(home: Home): Route[] {
  return [
    ...overviewRoutes(home),
    ...runsRoutes(home),
    ...scheduleRoutes(home),
    ...dataRoutes(home),
    ...lineageRoutes(),
  ];
}

/** Serves a home's pages and API. Throws `port_in_use` and names who has the port, `usage` for another host without a token. */
export async function startServer({ host, port: wanted, token, home, onError }: ServerOptions): Promise<WebServer> {
  const isLocal = loopback.includes(host);
  if (!isLocal && token === null) throw notLoopback(host);
  const login = token === null ? null : new Login(token);
  const changes = new Changes(home);
  const assets = new Assets();
  const routes = apiRoutes(home);
  const app = new Hono();
  app.route("/api/v1", routed(routes, onError));
  app.notFound((context) => context.json({ error: { message: "There is nothing here." } }, 404));
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  let streams = 0;

  const streamed = (request: IncomingMessage, response: ServerResponse, url: URL): boolean => {
    const log = /^\/api\/v1\/runs\/([^/]+)\/log-stream$/.exec(url.pathname);
    if (request.method !== "GET" || (log === null && url.pathname !== "/api/v1/events")) return false;
    if (streams >= mostStreams) {
      send(response, 503, { error: { message: "Too many pages are open." } });
      return true;
    }
    streams++;
    response.once("close", () => streams--);
    if (log === null) changes.serve(response);
    else {
      const last = request.headers["last-event-id"];
      const query = Object.fromEntries(url.searchParams);
      streamLog(
        home,
        changes,
        decodeURIComponent(log[1]!),
        query,
        typeof last === "string" ? last : undefined,
        response,
      );
    }
    return true;
  };
  const download = (request: IncomingMessage, response: ServerResponse, url: URL): boolean => {
    const path = /^\/api\/v1\/runs\/([^/]+)\/log\.ndjson$/.exec(url.pathname);
    if (request.method !== "GET" || path === null) return false;
    sendLog(home, findRun(home, decodeURIComponent(path[1]!)), response).catch((error: unknown) =>
      broken(response, error),
    );
    return true;
  };

  /** What fails while an answer is under way ends that answer, and nothing else. */
  const broken = (response: ServerResponse, error: unknown) => {
    if (!response.destroyed) onError(error);
    response.destroy();
  };
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { port } = server.address() as AddressInfo;
    const refused = refusal(request, port, isLocal ? loopback : null);
    if (refused !== null) return send(response, refused.status, { error: { message: refused.message } }, true);
    const url = new URL(request.url ?? "/", "http://server.invalid");
    if (url.pathname === "/healthz")
      return send(response, 200, { status: "ok", pid: process.pid, version: home.version });
    if (login !== null && url.pathname === "/login") {
      login.answer(request, response).catch((error: unknown) => broken(response, error));
      return;
    }
    if (login !== null && !login.isIn(request)) {
      if (url.pathname.startsWith("/api/"))
        return send(response, 401, { error: { message: "Log in first, or send the token." } });
      response.writeHead(303, { location: "/login" });
      return void response.end();
    }
    if (url.pathname === "/readyz") {
      home.history.get();
      return send(response, 200, { status: "ready" });
    }
    if (url.pathname === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      return void response.end(metrics(home));
    }
    if (url.pathname === "/api/v1/openapi.json") return send(response, 200, openApi(routes, home.version));
    if (streamed(request, response, url) || download(request, response, url)) return;
    if (!url.pathname.startsWith("/api/") && assets.answer(request, response)) return;
    void answer(request, response);
  };
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    try {
      handle(request, response);
    } catch (error) {
      if (!(error instanceof Problem)) onError(error);
      const [status, message] = error instanceof Problem ? [error.status, error.message] : [500, messageOf(error)];
      if (response.headersSent) response.destroy();
      else send(response, status, { error: { message } });
    }
  });
  await listen(server, host, wanted);
  changes.start();
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://${host === "::1" ? "[::1]" : host}:${port}`, port },
    close: () => close(server, changes, home),
  };
}

const loopback = ["127.0.0.1", "localhost", "[::1]", "::1"];

function messageOf(error: unknown): string {
  return error instanceof PipelineError ? error.what : "An unexpected error; the server's log has it.";
}

function send(response: ServerResponse, status: number, body: object, close = false): void {
  response.writeHead(status, { "content-type": "application/json", ...(close ? { connection: "close" } : {}) });
  response.end(JSON.stringify(body));
}

/** A whole log, an event a line, as fast as it is taken. */
async function sendLog(home: Home, run: RunRow, response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "content-disposition": `attachment; filename="${run.name}.ndjson"`,
  });
  for (let after = 0; !response.destroyed; ) {
    const lines = home.history.get()?.logs(run, { after, limit: 1000 }) ?? [];
    if (lines.length === 0) break;
    after = lines.at(-1)!.seq;
    const text = lines.map(({ event }) => `${JSON.stringify(event)}\n`).join("");
    if (!response.write(text)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
  }
  response.end();
}

function notLoopback(host: string): PipelineError {
  return new PipelineError({
    code: "usage",
    what: `--host is "${host}": whoever reaches that address could read and start runs.`,
    data: "Nothing was started.",
    next: "Name a file that holds a token with --token-file, or leave the host and use ssh -L 4200:127.0.0.1:4200.",
  });
}

async function close(server: Server, changes: Changes, home: Home): Promise<void> {
  changes.stop();
  const closed = new Promise((resolve) => server.close(resolve));
  // Kept connections and streams would be waited for.
  server.closeAllConnections();
  await closed;
  home.history.close();
}
