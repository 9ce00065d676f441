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
  /** Any other header, by its name in lower case. */
  header(name: string): string | undefined;
  body: Readable;
};

export type HttpQuestion = {
  method: "GET" | "HEAD";
  url: string;
  headers: Readonly<Record<string, string>>;
};

/** What an address brings to show who asks. It is in no address that is reported. */
export type Credentials = {
  /** Value of the Authorization header. */
  authorization: string | null;
  /** Parameters that every request gets. */
  query: string;
};

/** The address of the search API itself, and the credentials that were in it. */
export function splitAddress(address: string): { base: string; credentials: Credentials } {
  const { url, credentials } = splitFileAddress(address);
  const base = new URL(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return { base: base.href, credentials };
}

/** The address of a file itself, and the credentials that were in it. */
export function splitFileAddress(address: string): { url: string; credentials: Credentials } {
  const url = new URL(address);
  const { username, password, search } = url;
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = user === ":" ? null : `Basic ${Buffer.from(user).toString("base64")}`;
  url.username = "";
  url.password = "";
  url.search = "";
  return { url: url.href, credentials: { authorization, query: search.slice(1) } };
}

/** Asks over kept connections, through a proxy where there is one. */
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
  async ask({ method, url, headers: asked }: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await request(
      this.#query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${this.#query}`,
      {
        dispatcher: this.#agent,
        method,
        headers: { ...this.#headers, ...asked },
        signal,
      },
    );
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
      header: one,
      body: plain,
    };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
