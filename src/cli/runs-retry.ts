import type { Settings } from "../config.ts";
import type { Window } from "../pipeline/days.ts";
import { isFinal } from "../pipeline/run-state.ts";
import { configOf } from "./options.ts";
import { type RunOutput, runAndPrint, startedBy } from "./run.ts";
import { findRun, withHistory } from "./runs-find.ts";
import { wrong } from "./usage-error.ts";

export type RetryOptions = RunOutput & { runId?: string };

/** `pipeline runs retry`: what failed or did not run, of the same days; what was loaded is not read again. */
export async function runsRetry(id: string | undefined, options: RetryOptions): Promise<number> {
  const run = await withHistory(options, (history) => history.inspect(findRun(history, id).no));
  if (!isFinal(run.state))
    throw wrong(`The run ${run.name} is not over: ${run.state}.`, "Cancel it, or wait for its end.");
  if (run.state === "Completed")
    throw wrong(`The run ${run.name} is complete: nothing is left to do.`, "Start another: pipeline run");
  const { companies, startDate, asOf, lookBackDays, database } = run.settings as Partial<Settings>;
  const { resetState = false, skipDbt = false, acceptWithdrawals = false } = run.settings as Record<string, boolean>;
  const { backfill } = run.settings as { backfill?: Window };
  const loaded = await configOf(options, { companies, startDate, asOf, lookBackDays, database });
  return runAndPrint(loaded, options, {
    resetState,
    skipDbt,
    acceptWithdrawals,
    ...startedBy({ ...options, trigger: "retry" }),
    retryOf: run.id,
    ...(backfill === undefined ? {} : { backfill }),
  });
}
