import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { type PipelineError, usageError } from "../../run/errors.ts";
import type { AccessRules } from "./access/guard.ts";
import { Login } from "./access/login.ts";
import { application, securityHeaders } from "./application.ts";
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

/** Serves a home's pages and API. Throws `port_in_use` and names who has the port, `usage` for another host without a token. */
export async function startServer(options: ServerOptions): Promise<WebServer> {
  const { host, port: wanted, token, publicOrigin, home, onError, onNotice } = options;
  if (!loopback.includes(host) && token === null) throw notLoopback(host);
  const isSecure = publicOrigin?.startsWith("https:") ?? false;
  const login = token === null ? null : new Login({ token, isSecure, onWrong: onNotice });
  const rules: AccessRules = { names: token === null ? loopback : null, publicOrigin };
  const changes = new Changes(home);
  const sender = new Sender(options.sending);
  const app = application({ home, changes, sender, rules, login, onError });
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => answerTo(error, onError),
  });
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, listener);
  await listen(server, host, wanted);
  changes.start();
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://${host === "::1" ? "[::1]" : host}:${port}`, port },
    close: () => close(server, changes, home),
  };
}

/** Answers what reached no route: an address or a Host that no URL can have. */
function answerTo(error: unknown, onError: ServerOptions["onError"]): Response | undefined {
  // The reason of an abort, which is no Error: whoever asked has gone.
  if (!(error instanceof Error)) return;
  const isRefused = error instanceof RequestError;
  if (!isRefused) onError(error);
  const message = isRefused
    ? "The address or the Host is not in its normal form."
    : "An unexpected error; the server's log has it.";
  const headers = { ...securityHeaders, connection: "close" };
  return Response.json({ error: { message } }, { status: isRefused ? 400 : 500, headers });
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
