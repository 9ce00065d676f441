import { type Answer, json } from "../answers/answer.ts";

export type RequestKind = "search" | "export" | "document";

/** Requests a minute of each kind. Source: cfpb/ccdb5-api. */
export const realRates: Record<RequestKind, number> = { search: 20, export: 2, document: 5 };

export type ThrottleOptions = {
  rates: Record<RequestKind, number>;
  /** Milliseconds; asked once per request. */
  now: () => number;
  /** Length of the rolling window; a test may make a minute shorter. */
  windowMs?: number;
};

/** Counts accepted requests of each client and kind within a rolling window. Refused ones do not count. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #accepted = new Map<string, number[]>();

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /** Undefined: the request may pass. The refusal is in the format that was asked for. */
  refuse(client: string, kind: RequestKind, format: "json" | "csv"): Answer | undefined {
    const { rates, now, windowMs = 60_000 } = this.#options;
    const key = `${kind} ${client}`;
    const time = now();
    const times = (this.#accepted.get(key) ?? []).filter((accepted) => accepted > time - windowMs);
    this.#accepted.set(key, times);
    if (times.length < rates[kind]) {
      times.push(time);
      return undefined;
    }
    const seconds = Math.max(Math.ceil((times[0]! + windowMs - time) / 1000), 1);
    const answer = json(429, { detail: `Request was throttled. Expected available in ${seconds} seconds.` });
    const headers = { ...answer.headers, "retry-after": String(seconds) };
    if (format === "csv")
      return { ...answer, headers: { ...headers, "content-type": "text/csv; charset=utf-8" }, body: "detail" };
    return { ...answer, headers };
  }
}
