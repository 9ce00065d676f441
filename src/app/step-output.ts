import type { StepResult } from "../pipeline/flow/engine.ts";
import { PipelineError } from "../run/errors.ts";

/** The output of a step; throws its error where it has failed. */
export function outputOf<T>({ output, error }: StepResult<T>): T {
  if (error !== null) throw new PipelineError(error);
  return output as T;
}
