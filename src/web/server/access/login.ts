import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setCookie } from "hono/cookie";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { hourMs, minuteMs } from "../../../pipeline/window/units.ts";
import { type AppContext, readText } from "../request.ts";
import { plainPage } from "./plain-page.ts";

/** Cookies are sent to every port of a host: servers on two ports have their own. */
const cookieOf = ({ socket }: IncomingMessage) => `pipeline_session_${socket.localPort ?? 0}`;
const sessionMs = 12 * hourMs;
const mostBytes = 4096;
/** Wrong tokens of one address in a minute, after which it is told to wait. */
const mostWrong = 5;
/** Addresses that are remembered. */
const mostAddresses = 10_000;

/** Who asks: let in; without a token; with a wrong one, and how many seconds to wait where there were too many. */
export type LoginResult = { state: "in" } | { state: "none" } | { state: "wrong"; waitSeconds: number | null };

export type LoginOptions = {
  token: string;
  /** The cookie is sent over TLS alone. */
  isSecure: boolean;
  /** Hears of an address that sends wrong tokens, once a minute. */
  onWrong(message: string): void;
  now?: () => number;
};

/** Checks the token of a login. Failed logins from an address never block a correct token from it. */
export class Login {
  readonly #token: Buffer;
  readonly #options: LoginOptions;
  readonly #now: () => number;
  readonly #sessions = new Map<string, number>();
  readonly #wrong = new Map<string, { since: number; count: number }>();

  constructor(options: LoginOptions) {
    this.#token = digest(options.token);
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** A session's cookie, or the token itself as `Authorization: Bearer`. */
  entryOf(request: IncomingMessage): LoginResult {
    const { authorization, cookie } = request.headers;
    // What else stands there, such as the password of a proxy, is not for this server.
    const bearer = /^Bearer\b\s*(.*)$/is.exec(authorization ?? "")?.[1];
    if (bearer !== undefined) return this.#matches(bearer) ? { state: "in" } : this.#refuse(request);
    const sent = (cookie ?? "").split(/;\s*/).filter((one) => one.startsWith(`${cookieOf(request)}=`));
    const untils = sent.map((one) => this.#sessions.get(one.slice(one.indexOf("=") + 1)) ?? 0);
    return { state: untils.some((until) => until > this.#now()) ? "in" : "none" };
  }

  /** `GET /login`: the page that asks for the token. */
  show(context: AppContext): Response | Promise<Response> {
    return page(context, 200, "");
  }

  /** `POST /login`: the token as a form's field. */
  async enter(context: AppContext): Promise<Response> {
    const { incoming } = context.env;
    const body = await readText(context, mostBytes);
    if (body === null) return page(context, 413, "That is too long for a token.");
    if (!this.#matches(new URLSearchParams(body).get("token") ?? "")) {
      const { waitSeconds } = this.#refuse(incoming);
      if (waitSeconds === null) return page(context, 401, "That is not the token.");
      context.header("retry-after", String(waitSeconds));
      return page(context, 429, "Too many wrong tokens. Wait a minute.");
    }
    const session = randomBytes(32).toString("hex");
    for (const [old, until] of this.#sessions) if (until <= this.#now()) this.#sessions.delete(old);
    this.#sessions.set(session, this.#now() + sessionMs);
    const maxAge = sessionMs / 1000;
    const secure = this.#options.isSecure;
    setCookie(context, cookieOf(incoming), session, { httpOnly: true, sameSite: "Strict", path: "/", maxAge, secure });
    return context.redirect("/", 303);
  }

  /** Of equal length, and compared in a time that tells nothing. */
  #matches(token: string): boolean {
    return timingSafeEqual(digest(token), this.#token);
  }

  /** Counts a wrong token of an address. */
  #refuse(request: IncomingMessage): { state: "wrong"; waitSeconds: number | null } {
    const address = request.socket.remoteAddress ?? "an address that is gone";
    const now = this.#now();
    const last = this.#wrong.get(address);
    const isFresh = last !== undefined && last.since + minuteMs > now;
    const counted = isFresh ? { ...last, count: last.count + 1 } : { since: now, count: 1 };
    this.#wrong.delete(address); // to be the newest
    this.#wrong.set(address, counted);
    if (this.#wrong.size > mostAddresses) this.#wrong.delete(this.#wrong.keys().next().value!);
    if (counted.count === mostWrong) this.#options.onWrong(`${mostWrong} wrong tokens from ${address} within a minute`);
    const waitSeconds = counted.count > mostWrong ? Math.ceil((counted.since + minuteMs - now) / 1000) : null;
    return { state: "wrong", waitSeconds };
  }
}

const digest = (text: string) => createHash("sha256").update(text).digest();

function page(context: AppContext, status: ContentfulStatusCode, message: string): Response | Promise<Response> {
  const form = html`<form method="post" action="/login"><p><label>Token <input name="token" type="password" autocomplete="current-password" autofocus required></label>
<button>Log in</button></p></form><p role="alert">${message}</p>`;
  return plainPage(context, status, "log in", form);
}
