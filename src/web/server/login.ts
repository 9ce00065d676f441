import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

const cookieName = "pipeline_session";
const sessionMs = 12 * 3_600_000;
const mostBytes = 4096;
/** Wrong tokens in a minute, from one address and from all. */
const most = { one: 5, all: 50 };

/** Who may in where the server is not for this machine alone: whoever knows the token. */
export class Login {
  readonly #token: Buffer;
  readonly #now: () => number;
  readonly #sessions = new Map<string, number>();
  #wrong: { at: number; address: string }[] = [];

  constructor(token: string, now: () => number = Date.now) {
    this.#token = digest(token);
    this.#now = now;
  }

  /** A session's cookie, or the token itself as `Authorization: Bearer`. */
  isIn(request: IncomingMessage): boolean {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return !this.#isLimited(request) && this.#matches(bearer, request);
    const session = new RegExp(`(?:^|; )${cookieName}=([0-9a-f]{64})(?:;|$)`).exec(request.headers.cookie ?? "")?.[1];
    const until = session === undefined ? undefined : this.#sessions.get(session);
    return until !== undefined && until > this.#now();
  }

  /** `GET /login`: the page; `POST /login`: the token as a form's field. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") return void page(response, 200, "");
    if (this.#isLimited(request)) return void page(response, 429, "Too many wrong tokens. Wait a minute.");
    let body = "";
    for await (const chunk of request) {
      body += String(chunk);
      if (body.length > mostBytes) return void page(response, 413, "That is too long for a token.");
    }
    if (!this.#matches(new URLSearchParams(body).get("token") ?? "", request)) {
      return void page(response, 401, "That is not the token.");
    }
    const session = randomBytes(32).toString("hex");
    for (const [old, until] of this.#sessions) if (until <= this.#now()) this.#sessions.delete(old);
    this.#sessions.set(session, this.#now() + sessionMs);
    response.writeHead(303, {
      location: "/",
      "set-cookie": `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${sessionMs / 1000}`,
    });
    response.end();
  }

  #matches(token: string, request: IncomingMessage): boolean {
    // Of equal length, and compared in a time that tells nothing.
    if (timingSafeEqual(digest(token), this.#token)) return true;
    this.#wrong.push({ at: this.#now(), address: request.socket.remoteAddress ?? "" });
    return false;
  }

  #isLimited(request: IncomingMessage): boolean {
    this.#wrong = this.#wrong.filter(({ at }) => at > this.#now() - 60_000);
    const mine = this.#wrong.filter(({ address }) => address === (request.socket.remoteAddress ?? ""));
    return mine.length >= most.one || this.#wrong.length >= most.all;
  }
}

const digest = (text: string) => createHash("sha256").update(text).digest();

function page(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pipeline: log in</title></head><body><main><h1>pipeline</h1>
<form method="post" action="/login"><p><label>Token <input name="token" type="password" autocomplete="current-password" autofocus required></label>
<button>Log in</button></p></form><p role="alert">${message}</p></main></body></html>`);
}
