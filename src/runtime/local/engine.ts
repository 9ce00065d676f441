import pRetry from "p-retry";
import type { Clock } from "../../pipeline/clock.ts";
import type { BuildHint, Engine, StepOptions, StepResult, Traffic } from "../../pipeline/flow/engine.ts";
import {
  type StepInput,
  type StepKey,
  type StepName,
  type StepOutput,
  steps as stepTable,
  taskName,
} from "../../pipeline/flow/steps.ts";
import { type RetryPolicy, retryOptions } from "../../pipeline/retry.ts";
import { type FailedOutput, type Handlers, pipeHalves } from "../../pipeline/steps/handlers.ts";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { type ErrorFacts, factsOf, isRetryable, PipelineError } from "../../run/errors.ts";
import type { EventFacts, Report } from "../../run/events.ts";
import { TimeLimit } from "./time-limit.ts";

export type EngineOptions = {
  /** What carries out the steps; a step without a handler is a bug of the caller. */
  handlers: Partial<Handlers>;
  /** The run's signal: its reason is what a canceled step ends with. */
  signal: AbortSignal;
  report: Report;
  clock: Clock;
  /** How often a step starts again from its beginning. */
  policy: RetryPolicy;
};

/** Runs steps in this process, each with its attempts and its timeout. */
export class LocalEngine implements Engine {
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async run<S extends StepName>(
    step: S,
    key: StepKey | null,
    input: StepInput<S>,
    options: StepOptions,
  ): Promise<StepResult<StepOutput<S>>> {
    const { clock } = this.#options;
    const began = clock.monotonic();
    const traffic = { requests: 0, bytes: 0 };
    const result = await this.#attempts(step, key, input, options, traffic);
    return { ...result, traffic, durationMs: Math.round(clock.monotonic() - began) };
  }

  skip(step: StepName, key: StepKey | null, reason: string): void {
    this.#reportFor(step, key)({ type: "task.state", task: taskName(step, key), state: "Skipped", attempt: 0, reason });
  }

  /** What goes wrong here shows when the step itself runs. */
  async announce(_: "run_dbt_models", hint: BuildHint): Promise<void> {
    await this.#options.handlers.prepareBuild?.(hint).catch(() => undefined);
  }

  /** Adds the step, and what it is done for, to the events of its task. */
  #reportFor(step: StepName, key: StepKey | null): Report {
    const { report } = this.#options;
    return (facts) => report("task" in facts ? { ...facts, step, ...key } : facts);
  }

  async #attempts<S extends StepName>(
    step: S,
    key: StepKey | null,
    input: StepInput<S>,
    { timeoutMs, timeoutOf, retry }: StepOptions,
    traffic: Traffic,
  ): Promise<Ended<StepOutput<S>>> {
    const { signal: cancelled, clock, policy } = this.#options;
    const task = taskName(step, key);
    const withKey = this.#reportFor(step, key);
    // What only looks something up is no task of the run's history.
    const report: Report = stepTable[step].task ? withKey : () => undefined;
    const tell = (event: Omit<TaskState, "type" | "task">) => report({ type: "task.state", task, ...event });
    const expired = new AbortController();
    const limit = new TimeLimit(timeoutMs, () => expired.abort(timedOut(task, timeoutMs, timeoutOf)));
    const watched: Report = (facts) => {
      if (timeoutOf === "progress") keepTime(limit, facts);
      withKey(facts);
    };
    // What only looks something up in this process is told even where the run is over: what the run came to stands on it.
    const signal = stepTable[step].task ? AbortSignal.any([cancelled, expired.signal]) : expired.signal;
    let number = 1;
    try {
      const given = await pRetry(
        (attempt) => {
          signal.throwIfAborted();
          number = attempt;
          tell({ state: "Running", attempt });
          return this.#handle(step, input, { task, signal, attempt, report: watched, traffic });
        },
        retryOptions({
          policy,
          clock,
          signal,
          isRetryable: (error): error is PipelineError => isRetryable(error, retry),
          onRetry: (error, attempt, waitMs) => {
            tell({ state: "Retrying", attempt });
            report({ type: "task.retry", task, attempt, waitMs, error: factsOf(error) });
          },
        }),
      );
      if (isFailedOutput(given)) {
        tell({ state: "Failed", attempt: number, error: given.failed });
        return { output: given.output, error: given.failed };
      }
      tell({ state: "Completed", attempt: number });
      return { output: given, error: null };
    } catch (thrown) {
      const error = factsOf(thrown);
      const state = cancelled.aborted ? "Cancelled" : expired.signal.aborted ? "TimedOut" : "Failed";
      tell({ state, attempt: number, error });
      return { output: null, error };
    } finally {
      limit.stop();
    }
  }

  #handle<S extends StepName>(
    step: S,
    input: StepInput<S>,
    context: TaskContext,
  ): Promise<StepOutput<S> | FailedOutput<StepOutput<S>>> {
    const { handlers } = this.#options;
    if (step === "extract_and_load_complaints") {
      const request = input as StepInput<"extract_and_load_complaints">;
      return pipeHalves(handlers.extract_and_load_complaints!, request, context) as Promise<StepOutput<S>>;
    }
    const handler = handlers[step as keyof Handlers] as
      | ((input: StepInput<S>, context: TaskContext) => Promise<StepOutput<S> | FailedOutput<StepOutput<S>>>)
      | undefined;
    if (handler === undefined) throw new Error(`The step ${step} has no handler.`);
    return handler(input, context);
  }
}

type TaskState = Extract<EventFacts, { type: "task.state" }>;

/** A result without what the engine counts. */
type Ended<T> = { output: T; error: null } | { output: T | null; error: ErrorFacts };

function isFailedOutput<T>(given: T | FailedOutput<T>): given is FailedOutput<T> {
  return typeof given === "object" && given !== null && "failed" in given && "output" in given;
}

const isProgress: ReadonlySet<string> = new Set(["page.landed", "file.received", "load.staged", "load.merged"]);

/** What a step tells of itself moves its limit. */
function keepTime(limit: TimeLimit, facts: EventFacts): void {
  const { type } = facts;
  const isThrottled = type === "source.retry" && facts.error.code === "source_throttled";
  if (isProgress.has(type)) limit.progress();
  else if (type === "source.wait" || isThrottled) limit.pause();
  else if (type === "source.waited") limit.resume();
}

function timedOut(task: string, timeoutMs: number, of: StepOptions["timeoutOf"]): PipelineError {
  const what = of === "step" ? "did not finish within" : "made no progress for";
  return new PipelineError({
    code: "timed_out",
    message: `The task ${task} ${what} ${timeoutMs / 1000} s.`,
    data: "What it had not committed was rolled back; what was committed before stands.",
    next: "Run again; if it is really that much work, raise the task's timeout in pipeline.yaml.",
  });
}
