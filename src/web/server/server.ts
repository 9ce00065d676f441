import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { type PipelineError, usageError } from "../../run/errors.ts";
import { pageAt } from "../pages.ts";
import { readPath } from "./access/address.ts";
import { type AccessRules, checkAccess } from "./access/guard.ts";
import { Login } from "./access/login.ts";
import { escapeHtml, sendPage } from "./access/plain-page.ts";
import { dataRoutes } from "./api/data-routes.ts";
import { lineageRoutes } from "./api/lineage-routes.ts";
import { metrics } from "./api/metrics.ts";
import { openApi } from "./api/openapi.ts";
import { overviewRoutes } from "./api/overview-routes.ts";
import { Problem } from "./api/problem.ts";
import { type App, failure, type Route, routed } from "./api/route.ts";
import { runsRoutes } from "./api/runs-routes.ts";
import { scheduleRoutes } from "./api/schedule-routes.ts";
import { streamRoutes } from "./api/stream-routes.ts";
import { Assets } from "./assets.ts";
import { Changes } from "./changes.ts";
import type { ServerBackend } from "./home.ts";
import { listen } from "./listen.ts";
import { Sender, type SendingLimits } from "./sending.ts";

export type ServerOptions = {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Needed where others than this machine can reach the host. */
  token: string | null;
  /** The origin under which a proxy shows this server, such as `https://pipeline.example`. */
  publicOrigin: string | null;
  home: ServerBackend;
  /** Hears of an error that nobody expected. */
  onError(error: unknown): void;
  /** Hears of what whoever runs the server may want to know. */
  onNotice(message: string): void;
  sending?: SendingLimits;
};

export type WebServer = { url: string; port: number; close(): Promise<void> };

/** Milliseconds for a request's head and body. */
const requestMs = 30_000;
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export function apiRoutes(home: ServerBackend, changes: Changes, sender: Sender): Route[] {
  return [
    ...overviewRoutes(home),
    ...runsRoutes(home),
    ...streamRoutes(home, changes, sender),
    ...scheduleRoutes(home),
    ...dataRoutes(home),
    ...lineageRoutes(),
  ];
}

/** Serves a home's pages and API. Throws `port_in_use` and names who has the port, `usage` for another host without a token. */
export async function startServer(options: ServerOptions): Promise<WebServer> {
  const { host, port: wanted, token, publicOrigin, home, onError, onNotice } = options;
  if (!loopback.includes(host) && token === null) throw notLoopback(host);
  const isSecure = publicOrigin?.startsWith("https:") ?? false;
  const login = token === null ? null : new Login({ token, isSecure, onWrong: onNotice });
  const gate: AccessRules = { names: token === null ? loopback : null, publicOrigin };
  const changes = new Changes(home);
  const app = application(home, changes, new Sender(options.sending), onError);
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const isRead = request.method === "GET" || request.method === "HEAD";
    // What is left of a body that was refused is not read.
    if (!isRead) response.setHeader("connection", "close");
    const path = readPath(request.url ?? "/");
    if (path === null) return refuse(request, response, 400, "The address is not in its normal form.");
    const refused = checkAccess(request, path, gate);
    if (refused !== null) return refuse(request, response, refused.status, refused.message);
    if (login !== null && path === "/login") {
      login.answer(request, response).catch((error: unknown) => {
        if (!response.destroyed) onError(error);
        response.destroy();
      });
      return;
    }
    // Whoever watches over the server has no token.
    const entry = login === null || path === "/healthz" ? null : login.entryOf(request);
    if (entry?.state === "wrong") return refuseToken(request, response, entry.waitSeconds);
    if (entry?.state === "none") {
      if (isRead && pageAt(path) !== null) return void response.writeHead(303, { location: "/login" }).end();
      return refuse(request, response, 401, "Log in first, or send the token.", { "www-authenticate": "Bearer" });
    }
    void answer(request, response);
  };
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    try {
      handle(request, response);
    } catch (error) {
      onError(error);
      if (response.headersSent) response.destroy();
      else refuse(request, response, 500, "An unexpected error; the server's log has it.");
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

/** Everything that has an address: the one router. */
function application(home: ServerBackend, changes: Changes, sender: Sender, onError: (error: unknown) => void): App {
  const assets = new Assets();
  const routes = apiRoutes(home, changes, sender);
  const app: App = new Hono();
  app.get("/healthz", (context) => context.json({ status: "ok", pid: process.pid, version: home.version }));
  app.get("/readyz", async (context) => {
    await home.history.get();
    return context.json({ status: "ready" });
  });
  app.get("/metrics", async (context) =>
    context.body(await metrics(home), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  app.get("/api/v1/openapi.json", (context) => context.json(openApi(routes, home.version)));
  app.all("/api/v1/openapi.json", (context) => {
    context.header("allow", "GET, HEAD");
    return failure(context, new Problem(405, "This address answers GET, HEAD."));
  });
  app.route("/api/v1", routed(routes, sender, onError));
  app.get("*", (context) => {
    const { incoming, outgoing } = context.env;
    const path = readPath(incoming.url!)!;
    if (path.startsWith("/api/")) return failure(context, new Problem(404, "There is nothing here."));
    if (assets.answer(path, incoming, outgoing as ServerResponse)) return RESPONSE_ALREADY_SENT;
    refuse(incoming, outgoing as ServerResponse, 404, "There is nothing here.");
    return RESPONSE_ALREADY_SENT;
  });
  app.notFound((context) => failure(context, new Problem(404, "There is nothing here.")));
  app.onError((error, context) => failure(context, error, onError));
  return app;
}

function refuseToken(request: IncomingMessage, response: ServerResponse, waitSeconds: number | null): void {
  if (waitSeconds === null) {
    refuse(request, response, 401, "That is not the token.", { "www-authenticate": "Bearer" });
  } else {
    const wait = { "retry-after": String(waitSeconds) };
    refuse(request, response, 429, `Too many wrong tokens from this address. Wait ${waitSeconds} s.`, wait);
  }
}

/** Why nothing is answered: to a person as a page, to a program as JSON. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  message: string,
  more: Record<string, string> = {},
): void {
  const isPerson = /\btext\/html\b/.test(request.headers.accept ?? "") && !request.url?.startsWith("/api/");
  if (isPerson) {
    sendPage(response, status, String(status), `<p>${escapeHtml(message)}</p>\n<p><a href="/">Overview</a></p>`, more);
    return;
  }
  response.writeHead(status, { "content-type": "application/json", ...more });
  response.end(JSON.stringify({ error: { message } }));
}

/** Names of this machine, as a Host has them and as they are listened on. */
const loopback = ["127.0.0.1", "localhost", "[::1]", "::1"];

function notLoopback(host: string): PipelineError {
  return usageError(
    `--host is "${host}": whoever reaches that address could read and start runs.`,
    "Name a file that holds a token with --token-file, or leave the host and use ssh -L 4200:127.0.0.1:4200.",
    "Nothing was started.",
  );
}

async function close(server: Server, changes: Changes, home: ServerBackend): Promise<void> {
  changes.stop();
  const closed = new Promise((resolve) => server.close(resolve));
  // Kept connections and streams would be waited for.
  server.closeAllConnections();
  await closed;
  home.history.close();
}
