import { dayOf } from "../pipeline/window/days.ts";
import type { CompanyState } from "../pipeline/window/window.ts";
import { PipelineError } from "../run/errors.ts";

/** A watermark in the future would leave days out (invariant 2); the sample source lives in a time of its own. */
export function refuseFutureWatermark(source: string, resetState: boolean, states: readonly CompanyState[]): void {
  const today = dayOf(Date.now());
  const wrong = states.find(({ loadedThrough }) => loadedThrough > today);
  if (source === "sample" || resetState || wrong === undefined) return;
  throw new PipelineError({
    code: "watermark_in_future",
    message: `The state says that "${wrong.company}" is loaded through ${wrong.loadedThrough}, which is after today (${today} in UTC).`,
    data: "Nothing was read or changed.",
    next: "Check the clock of this machine; if it is right, run `pipeline state reset` and then `pipeline run`.",
  });
}
