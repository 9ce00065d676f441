import type { StepResult } from "../pipeline/flow/engine.ts";
import { PipelineError } from "../run/errors.ts";

/** Makes a function that gives the output of a step, and throws its error where it has failed: the signal's reason where that was why. */
export function outputUnlessAborted(signal: AbortSignal): <T>(result: StepResult<T>) => T {
  return ({ output, error }) => {
    signal.throwIfAborted();
    if (error !== null) throw new PipelineError(error);
    return output;
  };
}
