import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type MiddlewareHandler } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { pageAt } from "../pages.ts";
import { pathOf } from "./access/address.ts";
import { type AccessRules, checkAccess } from "./access/guard.ts";
import type { Login } from "./access/login.ts";
import { plainPage } from "./access/plain-page.ts";
import { dataRoutes } from "./api/data-routes.ts";
import { lineageRoutes } from "./api/lineage-routes.ts";
import { metrics } from "./api/metrics.ts";
import { openApi } from "./api/openapi.ts";
import { overviewRoutes } from "./api/overview-routes.ts";
import { Problem } from "./api/problem.ts";
import { failure, type Route, refuseOtherMethods, routed } from "./api/route.ts";
import { runsRoutes } from "./api/runs-routes.ts";
import { scheduleRoutes } from "./api/schedule-routes.ts";
import { streamRoutes } from "./api/stream-routes.ts";
import { Assets } from "./assets.ts";
import type { Changes } from "./changes.ts";
import type { ServerBackend } from "./home.ts";
import { type App, type AppContext, isRead } from "./request.ts";
import type { Sender } from "./sending.ts";

export type ApplicationParts = {
  home: ServerBackend;
  changes: Changes;
  sender: Sender;
  rules: AccessRules;
  /** Null where whoever reaches the server may use it. */
  login: Login | null;
  /** Hears of what nobody expected. */
  onError(error: unknown): void;
};

type Bindings = AppContext["env"];
type Middleware = MiddlewareHandler<{ Bindings: Bindings }>;

export const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export function apiRoutes(
  home: ServerBackend,
  changes: Changes,
  sender: Sender,
  onError: (error: unknown) => void,
): Route[] {
  return [
    ...overviewRoutes(home),
    ...runsRoutes(home),
    ...streamRoutes(home, changes, sender, onError),
    ...scheduleRoutes(home),
    ...dataRoutes(home),
    ...lineageRoutes(),
  ];
}

/**
 * Everything that has an address. Each request passes the guard and the login before any route, with the very path that the routes see
 * (`pathOf`): an address that is nobody's needs all that any other needs.
 */
export function application({ home, changes, sender, rules, login, onError }: ApplicationParts): App {
  const app: App = new Hono({ getPath: (_, options) => pathOf((options as { env: Bindings }).env.incoming) });
  app.use(withHeaders, guard(rules));
  if (login !== null) {
    app.get("/login", (context) => login.show(context));
    app.post("/login", (context) => login.enter(context));
  }
  // Whoever watches over the server has no token.
  app.get("/healthz", (context) => context.json({ status: "ok", pid: process.pid, version: home.version }));
  if (login !== null) app.use(onlyWithToken(login));
  app.get("/readyz", async (context) => {
    await home.history.get();
    return context.json({ status: "ready" });
  });
  app.get("/metrics", async (context) =>
    context.body(await metrics(home), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  const routes = apiRoutes(home, changes, sender, onError);
  app.get("/api/v1/openapi.json", (context) => context.json(openApi(routes, home.version)));
  refuseOtherMethods(app, [{ method: "get", path: "/api/v1/openapi.json" }]);
  app.route("/api/v1", routed(routes, sender, onError));
  app.get("*", pages(new Assets()));
  app.notFound((context) => failure(context, new Problem(404, "There is nothing here.")));
  app.onError((error, context) => failure(context, error, onError));
  return app;
}

/** Set on Node's own response, which streams and files write to. */
const withHeaders: Middleware = async ({ env: { outgoing }, req: { method } }, next) => {
  for (const [name, value] of Object.entries(securityHeaders)) outgoing.setHeader(name, value);
  // What is left of a body that was refused is not read.
  if (!isRead(method)) outgoing.setHeader("connection", "close");
  await next();
};

function guard(rules: AccessRules): Middleware {
  return async (context, next) => {
    const refused = checkAccess(context.env.incoming, context.req.path, rules);
    return refused === null ? next() : refuse(context, refused.status, refused.message);
  };
}

function onlyWithToken(login: Login): Middleware {
  return async (context, next) => {
    const { path, method } = context.req;
    const entry = login.entryOf(context.env.incoming);
    if (entry.state === "in") return next();
    if (entry.state === "wrong" && entry.waitSeconds !== null) {
      context.header("retry-after", String(entry.waitSeconds));
      return refuse(context, 429, `Too many wrong tokens from this address. Wait ${entry.waitSeconds} s.`);
    }
    if (entry.state === "none" && isRead(method) && pageAt(path) !== null) return context.redirect("/login", 303);
    context.header("www-authenticate", "Bearer");
    const message = entry.state === "none" ? "Log in first, or send the token." : "That is not the token.";
    return refuse(context, 401, message);
  };
}

/** The built pages; of other addresses, that there is nothing. */
function pages(assets: Assets): (context: AppContext) => Response | Promise<Response> {
  return (context) => {
    const { incoming, outgoing } = context.env;
    if (assets.answer(context.req.path, incoming, outgoing as ServerResponse)) return RESPONSE_ALREADY_SENT;
    return refuse(context, 404, "There is nothing here.");
  };
}

/** Why nothing is answered: to a person as a page, to a program as JSON. */
function refuse(context: AppContext, status: ContentfulStatusCode, message: string): Response | Promise<Response> {
  const isPerson = /\btext\/html\b/.test(context.req.header("accept") ?? "") && !context.req.path.startsWith("/api/");
  if (!isPerson) return context.json({ error: { message } }, status);
  return plainPage(context, status, String(status), html`<p>${message}</p>\n<p><a href="/">Overview</a></p>`);
}
