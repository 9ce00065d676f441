import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import type { ProxyServer } from "../../process/proxy.ts";

export type HttpAnswer = {
  status: number;
  type: string;
  retryAfter: string | undefined;
  date: string | undefined;
  /** Seconds that a cache has kept the answer since its date. */
  age: string | undefined;
  body: Readable;
};

/** What an address brings to show who asks. It is in no address that is reported. */
export type Credentials = {
  /** Value of the Authorization header. */
  authorization: string | null;
  /** Parameters that every request gets. */
  query: string;
};

/** The address itself, and the credentials that were in it. */
export function splitAddress(address: string): { base: string; credentials: Credentials } {
  const url = new URL(address);
  const { username, password, search } = url;
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = user === ":" ? null : `Basic ${Buffer.from(user).toString("base64")}`;
  url.username = "";
  url.password = "";
  url.search = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return { base: url.href, credentials: { authorization, query: search.slice(1) } };
}

/** GET over kept connections, through a proxy where there is one. */
export class HttpClient {
  readonly #headers: Record<string, string>;
  // Timeouts are the caller's signal: of the whole request, not of idle time (invariant 7).
  readonly #agent: Dispatcher;

  readonly #query: string;

  constructor(userAgent: string, { authorization, query }: Credentials, proxy: ProxyServer | null) {
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 30_000 };
    this.#agent = proxy === null ? new Agent(timeouts) : new ProxyAgent({ ...timeouts, uri: proxy.uri });
    this.#query = query;
    this.#headers = {
      ...(authorization === null ? {} : { authorization }),
      "user-agent": userAgent,
      "accept-encoding": "gzip",
    };
  }

  /** The head of the answer, whatever its status; the body follows, unpacked. Its errors are the stream's. */
  async get(url: string, accept: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await request(this.#query === "" ? url : `${url}&${this.#query}`, {
      dispatcher: this.#agent,
      headers: { ...this.#headers, accept },
      signal,
    });
    const one = (name: string) => [headers[name]].flat()[0];
    let plain: Readable = body;
    if (one("content-encoding") === "gzip") {
      const gunzip = createGunzip();
      body.on("error", (error) => gunzip.destroy(error));
      plain = body.pipe(gunzip);
    }
    // It may fail before somebody reads it, who is told then; without a listener it would end the process.
    plain.on("error", () => undefined);
    return {
      status: statusCode,
      type: one("content-type") ?? "",
      retryAfter: one("retry-after"),
      date: one("date"),
      age: one("age"),
      body: plain,
    };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
