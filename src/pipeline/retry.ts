import type { PipelineError } from "../run/errors.ts";
import type { Clock } from "./clock.ts";

export type RetryPolicy = {
  /** Attempts after the first one. */
  retries: number;
  /** Milliseconds before the second attempt; doubles with each further one. */
  delayMs: number;
  /** Most milliseconds that a wait may take, the source's own wish included. */
  longestMs: number;
};

/**
 * Milliseconds to wait before the attempt that follows number `attempt` (1 is the first). The source's `Retry-After`
 * comes first; otherwise exponential with a jitter of a quarter both ways, so that those who failed together do not come
 * back together. `random` is in [0, 1).
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  retryAfterMs: number | undefined,
  random: number,
): number {
  const wanted = retryAfterMs ?? policy.delayMs * 2 ** (attempt - 1) * (0.75 + random / 2);
  return Math.round(Math.min(wanted, policy.longestMs));
}

/** A date as HTTP has it, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7). */
const httpDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Milliseconds that a `Retry-After` header asks for: seconds, or a date. Undefined where it is neither, and where it asks for no wait: the
 * own back-off counts then.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : httpDate.test(text) ? Date.parse(text) - nowMs : 0;
  return ms > 0 ? ms : undefined;
}

export type RetryOptions = {
  policy: RetryPolicy;
  clock: Clock;
  signal: AbortSignal;
  isRetryable(error: unknown): error is PipelineError;
  /** Called before each wait. */
  onRetry(error: PipelineError, attempt: number, waitMs: number): void;
};

/**
 * The options that make p-retry follow a policy. Every wait happens here, on the given clock, and ends with the signal's reason when the
 * signal is aborted. An attempt that succeeded counts even if the signal was aborted meanwhile, so p-retry does not get the signal.
 */
export function retryOptions({ policy, clock, signal, isRetryable, onRetry }: RetryOptions) {
  return {
    retries: policy.retries,
    minTimeout: 0,
    onFailedAttempt: () => signal.throwIfAborted(),
    async shouldRetry({ error, attemptNumber }: { error: unknown; attemptNumber: number }): Promise<boolean> {
      if (!isRetryable(error)) return false;
      const waitMs = retryDelay(policy, attemptNumber, error.retryAfterMs, clock.random());
      onRetry(error, attemptNumber, waitMs);
      await clock.sleep(waitMs, signal);
      return true;
    },
  };
}
