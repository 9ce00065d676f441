import type { ErrorFacts, RetryClass } from "../../run/errors.ts";
import type { StepInput, StepKey, StepName, StepOutput } from "./steps.ts";

/** Requests to the source, and the bytes that came of them. */
export type Traffic = { requests: number; bytes: number };

export type StepOptions = {
  timeoutMs: number;
  /** What may not take longer: the whole step, or the time without progress; a wait for the source's limit is no part of that. */
  timeoutOf: "step" | "progress";
  /** Which errors start the step again from its beginning. */
  retry: RetryClass;
};

/** For what takes a few requests or statements. */
export const shortStep: StepOptions = { timeoutMs: 600_000, timeoutOf: "step", retry: "never" };

/**
 * How a step ended, as a small JSON value. A step that failed after its work was done has both an output and an error, such as a dbt build
 * whose tests failed.
 */
export type StepResult<T> = {
  /** Of all attempts together. */
  traffic: Traffic;
  durationMs: number;
} & ({ output: T; error: null } | { output: T | null; error: ErrorFacts });

/** What makes dbt likely to have work, as far as it can be told before rows are read; null where it is certain. */
export type BuildHint = { companies: string[]; lastIndexed: string | null } | null;

/** Runs the steps of a flow: their attempts, timeouts and states. The flow knows nothing of where they run. */
export interface Engine {
  /** Runs a step; never rejects. `key` is what it is done for; null where it is done once. */
  run<S extends StepName>(
    step: S,
    key: StepKey | null,
    input: StepInput<S>,
    options: StepOptions,
  ): Promise<StepResult<StepOutput<S>>>;
  /** Records a step that has nothing to do. */
  skip(step: StepName, key: StepKey | null, reason: string): void;
  /** `run_dbt_models` will follow: an engine may prepare for it, or do nothing. Never rejects. */
  announce(step: "run_dbt_models", hint: BuildHint): Promise<void>;
}
