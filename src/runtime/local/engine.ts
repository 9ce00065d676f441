import pRetry from "p-retry";
import type { Clock } from "../../pipeline/clock.ts";
import type { TaskContext, TaskOptions, Tasks } from "../../pipeline/flow/ports.ts";
import { type RetryPolicy, retryOptions } from "../../pipeline/retry.ts";
import { factsOf, isRetryable, PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";

export type EngineOptions = {
  /** The run's signal: its reason is what a cancelled task ends with. */
  signal: AbortSignal;
  report: Report;
  clock: Clock;
  /** How often a task starts again from its beginning. */
  policy: RetryPolicy;
};

/** Runs tasks in this process, each with its attempts and its timeout. */
export class LocalEngine implements Tasks {
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async run<T>(name: string, options: TaskOptions, body: (context: TaskContext) => Promise<T>): Promise<T> {
    const { signal: cancelled, report, clock, policy } = this.#options;
    const expired = new AbortController();
    const timer = setTimeout(() => expired.abort(timedOut(name, options.timeoutMs)), options.timeoutMs);
    const signal = AbortSignal.any([cancelled, expired.signal]);
    let number = 1;
    try {
      const result = await pRetry(
        (attempt) => {
          signal.throwIfAborted();
          number = attempt;
          report({ type: "task.state", task: name, state: "Running", attempt });
          return body({ task: name, signal, attempt, report });
        },
        retryOptions({
          policy,
          clock,
          signal,
          isRetryable: (error): error is PipelineError => isRetryable(error, "company"),
          onRetry: (error, attempt, waitMs) => {
            report({ type: "task.state", task: name, state: "Retrying", attempt });
            report({ type: "task.retry", task: name, attempt, waitMs, error: factsOf(error) });
          },
        }),
      );
      report({ type: "task.state", task: name, state: "Completed", attempt: number });
      return result;
    } catch (error) {
      const state = cancelled.aborted ? "Cancelled" : expired.signal.aborted ? "TimedOut" : "Failed";
      report({ type: "task.state", task: name, state, attempt: number, error: factsOf(error) });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  skip(name: string, reason: string): void {
    this.#options.report({ type: "task.state", task: name, state: "Skipped", attempt: 0, reason });
  }
}

function timedOut(task: string, timeoutMs: number): PipelineError {
  return new PipelineError({
    code: "timed_out",
    message: `The task ${task} did not finish within ${timeoutMs / 1000} s.`,
    data: "What it had not committed was rolled back; what was committed before stands.",
    next: "Run again; if it is really that much work, raise the task's timeout in pipeline.yaml.",
  });
}
