import pRetry from "p-retry";
import type { Clock } from "../../pipeline/clock.ts";
import { parseRetryAfter, type RetryPolicy, retryOptions } from "../../pipeline/retry.ts";
import type { RateClass } from "../../pipeline/scope/strategy.ts";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { dayMs } from "../../pipeline/window/units.ts";
import type { ProxyServer } from "../../process/proxy.ts";
import { factsOf, isRetryable, PipelineError } from "../../run/errors.ts";
import type { RateBudgets } from "../budget/budget.ts";
import { clockAhead, failedRequest, requestTimedOut, shortUrl, wrongAnswer } from "./failures.ts";
import { type Credentials, type HttpAnswer, HttpClient } from "./http.ts";

export type ClientOptions = {
  userAgent: string;
  credentials: Credentials;
  proxy: ProxyServer | null;
  /** Of a whole request, its body included, unless who consumes it says that it goes on. */
  requestTimeoutMs: number;
  policy: RetryPolicy;
  budgets: RateBudgets;
  clock: Clock;
};

/** How a request counts at the source, and what an answer to it is. */
export type RequestKind = {
  /** Null where no limit is known. */
  rateClass: RateClass | null;
  mediaTypes: readonly string[];
  method?: "GET" | "HEAD";
  /** Other headers than those of every request, asked for anew at each attempt. */
  headers?: () => Record<string, string>;
  /** Statuses of an answer beside 200, whatever its media type. */
  statuses?: readonly number[];
};

/**
 * Makes something out of an answer; `elapsed` gives the milliseconds since the request was sent, `goOn` gives the rest of it as much time as the whole
 * request had.
 */
export type Consume<T> = (answer: HttpAnswer, elapsed: () => number, goOn: () => void) => Promise<T>;

/** A request to the search API. */
export const searchAnswer: RequestKind = { rateClass: "search", mediaTypes: ["application/json"] };

/** Asks the source: within the budget, and again where a request failed in a way that may pass (invariant 7). */
export class SourceClient {
  readonly #options: ClientOptions;
  readonly #http: HttpClient;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#http = new HttpClient(options.userAgent, options.credentials, options.proxy);
  }

  /**
   * The answer to `url` of the kind that is asked for, as `consume` makes it out of the body. What `consume` throws decides like any other error
   * whether the request is sent again. `consume` counts the bytes in the context.
   */
  async request<T>(url: string, kind: RequestKind, context: TaskContext, consume: Consume<T>): Promise<T> {
    const { policy, clock } = this.#options;
    const { task, signal, report } = context;
    const sleep = (ms: number, by: AbortSignal) => this.#sleep(ms, by, context);
    return pRetry(
      (attempt) => this.#once(url, kind, attempt, context, consume),
      retryOptions({
        policy,
        clock: { ...clock, sleep },
        signal,
        isRetryable: (error): error is PipelineError => isRetryable(error, "request"),
        onRetry: (error, attempt, waitMs) =>
          report({ type: "source.retry", task, attempt, waitMs, error: factsOf(error) }),
      }),
    );
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  /** Sleeps, and says how long it was, as it was and not as it was meant to be. */
  async #sleep(ms: number, signal: AbortSignal, { task, report }: TaskContext): Promise<void> {
    const { clock } = this.#options;
    const began = clock.monotonic();
    try {
      await clock.sleep(ms, signal);
    } finally {
      report({ type: "source.waited", task, ms: Math.round(clock.monotonic() - began) });
    }
  }

  async #once<T>(
    url: string,
    { rateClass, mediaTypes, method = "GET", headers, statuses = [] }: RequestKind,
    attempt: number,
    { task, signal, report, traffic }: TaskContext,
    consume: Consume<T>,
  ): Promise<T> {
    const { clock, requestTimeoutMs } = this.#options;
    const budget = rateClass === null ? null : this.#options.budgets[rateClass];
    signal.throwIfAborted();
    const queued = clock.monotonic();
    let waits = false;
    try {
      await budget?.take(signal, (waitMs, perMinute) => {
        waits = true;
        report({ type: "source.wait", task, waitMs, perMinute, rateClass: String(rateClass) });
      });
    } finally {
      if (waits) report({ type: "source.waited", task, ms: Math.round(clock.monotonic() - queued) });
    }
    report({ type: "source.request", task, attempt, url: shortUrl(url) });
    traffic.requests++;
    const expired = new AbortController();
    const timer = setTimeout(() => expired.abort(), requestTimeoutMs);
    const within = AbortSignal.any([signal, expired.signal]);
    const sentAt = clock.monotonic();
    let answered = false;
    try {
      const asked = { accept: mediaTypes.join(", "), ...headers?.() };
      const answer = await this.#http.ask({ method, url, headers: asked }, within);
      answered = true;
      const aheadMs = clock.now() - Date.parse(answer.date ?? "") - 1000 * Number(answer.age ?? 0);
      if (aheadMs > farAheadMs) throw clockAhead(aheadMs);
      report({
        type: "source.answered",
        task,
        attempt,
        status: answer.status,
        ms: Math.round(clock.monotonic() - sentAt),
      });
      if (statuses.includes(answer.status) || (answer.status === 200 && isOfType(answer.type, mediaTypes)))
        return await consume(
          answer,
          () => Math.round(clock.monotonic() - sentAt),
          () => timer.refresh(),
        );
      const retryAfterMs = parseRetryAfter(answer.retryAfter, clock.now());
      if (answer.status === 429 && retryAfterMs !== undefined)
        await budget?.pause(Math.min(retryAfterMs, this.#options.policy.longestMs));
      throw wrongAnswer(url, { ...answer, start: await startOf(answer), retryAfterMs });
    } catch (error) {
      signal.throwIfAborted();
      if (expired.signal.aborted) throw requestTimedOut(url, requestTimeoutMs / 1000);
      throw error instanceof PipelineError ? error : failedRequest(url, error, answered, this.#options.proxy);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A clock that is so far ahead asks for days that have not been, and makes a watermark of them. */
const farAheadMs = dayMs;

/** Whether a Content-Type names one of some media types, with parameters or without. */
function isOfType(contentType: string, mediaTypes: readonly string[]): boolean {
  return mediaTypes.includes(contentType.split(";")[0]!.trim().toLowerCase());
}

/** The first bytes of a body; the rest is not read. */
async function startOf({ body }: HttpAnswer): Promise<string> {
  let start = "";
  for await (const chunk of body) {
    start += String(chunk);
    if (start.length > 1000) break;
  }
  return start;
}
