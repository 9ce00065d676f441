import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { html, json } from "../answers/answer.ts";
import { bulkPath } from "../answers/bulk.ts";
import { shapes } from "../dataset/shapes.ts";
import { controlPath } from "./control.ts";
import { deliver, deliverBulk } from "./deliver.ts";
import { route } from "./routes.ts";
import { type SampleOptions, type Serving, searchPath } from "./serving.ts";
import { Throttle } from "./throttle.ts";

export type SampleServer = { url: string; bulkUrl: string; close(): Promise<void> };

/** Serves the search API and the bulk file on 127.0.0.1. */
export async function startSample(options: SampleOptions): Promise<SampleServer> {
  const { rates, rateClock = 1, shape = "today" } = options;
  const throttle =
    rates === undefined ? null : new Throttle({ rates, now: () => Date.now(), windowMs: 60_000 / rateClock });
  const serving: Serving = { ...options, shape: shapes[shape], throttle };
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    handle(serving, request, response).catch((error: unknown) => {
      process.stderr.write(`error: ${request.method} ${request.url}: ${(error as Error).stack}\n`);
      if (response.headersSent) response.destroy();
      else deliver(response, json(500, { error: "There was a problem retrieving your request" }), "GET", undefined);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: `${origin}${searchPath}`,
    bulkUrl: `${origin}${bulkPath}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Longest request line that is taken: the default of the application server. */
const longestRequestLine = 4094;

async function handle(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Two slashes at the start would be read as another host.
  const url = new URL(`http://sample.invalid${request.url ?? "/"}`);
  const method = request.method ?? "GET";
  const { control, latencyMs = 0 } = serving;
  if (control !== undefined && url.pathname === controlPath) {
    deliver(response, await control.answer(request), method, undefined);
    return;
  }
  control?.note({ method, url });
  const fault = (await serving.fault?.({ method, url })) ?? control?.faults.next({ method, url });
  if (fault?.kind === "swap") control?.moveTo(fault.asOf);
  const wait = latencyMs + (fault?.kind === "latency" ? fault.ms : 0);
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  if (`${method} ${request.url} HTTP/1.1`.length > longestRequestLine) {
    deliver(response, html(414, "<html><body>Request-URI Too Large</body></html>"), method, fault);
    return;
  }
  if (url.pathname === bulkPath) {
    await deliverBulk(serving, request, response, fault);
    return;
  }
  deliver(response, route(serving, request, method, url, fault), method, fault);
}
