import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { millisecondsInHour } from "date-fns/constants";
import { checkWritable } from "../../app/home-record.ts";
import type { History } from "../../history/history.ts";
import { isProven } from "../../history/lease.ts";
import type { RunRow } from "../../history/rows.ts";
import { isFinal } from "../../run/states.ts";
import type { GlobalOptions } from "../options.ts";
import { wrong } from "../usage-error.ts";
import { findRun, withHistory } from "./find.ts";

export type CancelOptions = GlobalOptions & { grace: string };

/** `pipeline runs cancel`: asks, then SIGTERM, then SIGKILL; dbt goes with its run. */
export async function runsCancel(id: string | undefined, options: CancelOptions): Promise<number> {
  const graceMs = options.grace.trim() === "" ? Number.NaN : Number(options.grace) * 1000;
  if (!(graceMs >= 0 && graceMs <= millisecondsInHour)) {
    throw wrong(`--grace is "${options.grace}": expected seconds, from 0 to 3600.`);
  }
  return withHistory(options, async (history) => {
    checkWritable(dirname(history.path));
    const run = findRun(history, id);
    if (isFinal(run.state))
      throw wrong(`The run ${run.name} is over: ${run.state}.`, "See it with: pipeline runs inspect");
    const state = await stop(history, run, graceMs);
    if (options.json) process.stdout.write(`${JSON.stringify({ id: run.id, name: run.name, state })}\n`);
    else if (!options.quiet) process.stdout.write(`${run.name} (${run.id.slice(0, 8)}): ${state}\n`);
    return 0;
  });
}

async function stop(history: History, run: RunRow, graceMs: number): Promise<string> {
  const { lease } = history.inspect(run.no);
  const over = async (withinMs: number) => {
    for (const end = performance.now() + withinMs; performance.now() < end; await setTimeout(50)) {
      if (isFinal(history.stateOf(run.no))) return true;
    }
    return isFinal(history.stateOf(run.no));
  };
  history.requestCancel(run.no);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (await over(graceMs)) break;
    // The id may be another process' by now, or one of another machine or container: it looks itself whether it was asked to stop.
    if (isProven(lease)) process.kill(lease.pid, signal);
  }
  await over(5000);
  return history.stateOf(run.no);
}
