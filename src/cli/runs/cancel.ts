import { dirname } from "node:path";
import { cancelRun } from "../../app/cancel.ts";
import { checkWritable } from "../../app/home/record.ts";
import { hourMs } from "../../pipeline/window/units.ts";
import { isFinal } from "../../run/states.ts";
import type { GlobalOptions } from "../options.ts";
import { wrong } from "../usage-error.ts";
import { findRun, withHistory } from "./find.ts";

export type CancelOptions = GlobalOptions & { grace: string };

/** `pipeline runs cancel`: asks, then SIGTERM, then SIGKILL; dbt goes with its run. */
export async function runsCancel(id: string | undefined, options: CancelOptions): Promise<number> {
  const graceMs = options.grace.trim() === "" ? Number.NaN : Number(options.grace) * 1000;
  if (!(graceMs >= 0 && graceMs <= hourMs)) {
    throw wrong(`--grace is "${options.grace}": expected seconds, from 0 to 3600.`);
  }
  return withHistory(options, async (history) => {
    checkWritable(dirname(history.place));
    const run = await findRun(history, id);
    if (isFinal(run.state))
      throw wrong(`The run ${run.name} is over: ${run.state}.`, "See it with: pipeline runs inspect");
    const state = await cancelRun(history, run, graceMs);
    if (options.json) process.stdout.write(`${JSON.stringify({ id: run.id, name: run.name, state })}\n`);
    else if (!options.quiet) process.stdout.write(`${run.name} (${run.id.slice(0, 8)}): ${state}\n`);
    return 0;
  });
}
