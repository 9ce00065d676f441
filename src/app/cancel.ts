import { setTimeout } from "node:timers/promises";
import type { History } from "../history/history.ts";
import { isProven } from "../history/lease.ts";
import type { RunRow } from "../history/rows.ts";
import { isFinal, type State } from "../run/states.ts";

/** Milliseconds that a run has to write its end, once it was killed. */
const lastMs = 5000;

/** Cancels a run: asks it, then SIGTERM, then SIGKILL, each after `graceMs` milliseconds. Resolves to the state that it is in then. */
export async function cancelRun(history: History, { no }: Pick<RunRow, "no">, graceMs: number): Promise<State> {
  const { lease } = await history.inspect(no);
  const isOver = async (withinMs: number) => {
    for (const end = performance.now() + withinMs; performance.now() < end; await setTimeout(50)) {
      if (isFinal(await history.stateOf(no))) return true;
    }
    return isFinal(await history.stateOf(no));
  };
  await history.requestCancel(no);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (await isOver(graceMs)) break;
    // The id may be another process' by now, or one of another machine or container: it looks itself whether it was asked to stop.
    if (isProven(lease)) process.kill(lease.pid, signal);
  }
  await isOver(lastMs);
  return history.stateOf(no);
}
