import assert from "node:assert/strict";
import { describe, it } from "node:test";
import pRetry from "p-retry";
import { parseRetryAfter, retryDelay, retryOptions } from "../../src/pipeline/retry.ts";
import { isRetryable, PipelineError } from "../../src/run/errors.ts";
import { jumpingClock } from "../harness/context.ts";

const failure = (code: "source_unavailable" | "source_refused", retryAfterMs?: number) =>
  new PipelineError(
    { code, message: "what", data: "data", next: "next" },
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );

describe("the delay before another attempt", () => {
  const policy = { retries: 3, delayMs: 60_000, longestMs: 600_000 };

  it("doubles, with a jitter of a quarter", () => {
    assert.equal(retryDelay(policy, 1, undefined, 0), 45_000);
    assert.equal(retryDelay(policy, 1, undefined, 0.5), 60_000);
    assert.equal(retryDelay(policy, 3, undefined, 0.5), 240_000);
    assert.ok(retryDelay(policy, 1, undefined, 0.999) <= 75_000);
  });

  it("is what the source asks for, within the longest wait", () => {
    assert.equal(retryDelay(policy, 1, 7_000, 0.5), 7_000);
    assert.equal(retryDelay(policy, 1, 7_000_000, 0.5), 600_000);
    assert.equal(retryDelay(policy, 9, undefined, 0.5), 600_000);
  });

  it("reads Retry-After as seconds or as a date", () => {
    const now = Date.parse("2026-11-20T10:00:00Z");
    assert.equal(parseRetryAfter("30", now), 30_000);
    assert.equal(parseRetryAfter("Fri, 20 Nov 2026 10:01:00 GMT", now), 60_000);
    assert.equal(parseRetryAfter("3", now), 3000);
    assert.equal(parseRetryAfter("1.5", now), 1500);
    const none = [
      "-5",
      "+60",
      "60;",
      "1,5",
      "1.",
      "0",
      "soon",
      "",
      "2026-11-20T11:00:00Z",
      "20 Nov 2027",
      "Fri, 20 Nov 2026 09:00:00 GMT",
    ];
    for (const text of none) assert.equal(parseRetryAfter(text, now), undefined, text);
    assert.equal(parseRetryAfter(undefined, now), undefined);
  });
});

describe("retrying", () => {
  const attempts = async (
    errors: unknown[],
    signal = new AbortController().signal,
    onRetry: () => void = () => undefined,
  ) => {
    const clock = jumpingClock();
    let made = 0;
    const result = pRetry(
      async (number) => {
        made = number;
        if (number <= errors.length) throw errors[number - 1];
        return "done";
      },
      retryOptions({
        policy: { retries: 3, delayMs: 1000, longestMs: 60_000 },
        clock,
        signal,
        isRetryable: (error): error is PipelineError => isRetryable(error, "request"),
        onRetry,
      }),
    );
    const outcome = await result.catch((error: unknown) => error);
    return { outcome, made, slept: clock.slept };
  };

  it("goes on after failures that may pass, and gives up after the third retry", async () => {
    const error = failure("source_unavailable");
    assert.deepEqual(await attempts([error, error]), { outcome: "done", made: 3, slept: [1000, 2000] });
    const all = await attempts([error, error, error, error]);
    assert.deepEqual([all.outcome, all.made, all.slept], [error, 4, [1000, 2000, 4000]]);
  });

  it("obeys Retry-After first", async () => {
    assert.deepEqual((await attempts([failure("source_unavailable", 5)])).slept, [5]);
  });

  it("does not try again what cannot pass, nor a bug", async () => {
    for (const error of [failure("source_refused"), new TypeError("bug")]) {
      const { outcome, made } = await attempts([error]);
      assert.deepEqual([outcome, made], [error, 1]);
    }
  });

  it("ends with the signal's reason when it is canceled before a wait, in one, or while an attempt fails", async () => {
    const error = failure("source_unavailable");
    const canceled = new Error("canceled");
    const before = await attempts([error], AbortSignal.abort(canceled));
    assert.deepEqual([before.outcome, before.made, before.slept], [canceled, 1, []]);
    const cancel = new AbortController();
    const during = await attempts([error], cancel.signal, () => cancel.abort(canceled));
    assert.deepEqual([during.outcome, during.made, during.slept], [canceled, 1, []]);
  });
});
