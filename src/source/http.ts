import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { EnvHttpProxyAgent, request } from "undici";

export type HttpAnswer = { status: number; type: string; retryAfter: string | undefined; body: Readable };

/** GET over kept connections; proxies as the environment names them. */
export class HttpClient {
  readonly #headers: Record<string, string>;
  // Timeouts are the caller's signal: of the whole request, not of idle time (invariant 7).
  readonly #agent = new EnvHttpProxyAgent({ headersTimeout: 0, bodyTimeout: 0, connectTimeout: 30_000 });

  constructor(userAgent: string) {
    this.#headers = { "user-agent": userAgent, accept: "application/json", "accept-encoding": "gzip" };
  }

  /** The head of the answer, whatever its status; the body follows, unpacked. Its errors are the stream's. */
  async get(url: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: this.#agent,
      headers: this.#headers,
      signal,
    });
    const one = (name: string) => [headers[name]].flat()[0];
    let plain: Readable = body;
    if (one("content-encoding") === "gzip") {
      const gunzip = createGunzip();
      body.on("error", (error) => gunzip.destroy(error));
      plain = body.pipe(gunzip);
    }
    return { status: statusCode, type: one("content-type") ?? "", retryAfter: one("retry-after"), body: plain };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
