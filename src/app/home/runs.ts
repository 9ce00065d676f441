import { join } from "node:path";
import type { History, HistoryStore } from "../../history/history.ts";
import { sqliteHistory } from "../../history/sqlite/store.ts";
import { type Pace, typicalTimings } from "../../pipeline/plan/pace.ts";
import { usageError } from "../../run/errors.ts";
import { ProcessLock } from "../../warehouse/duckdb/lock.ts";
import { holderOf } from "../../warehouse/holder.ts";
import type { Holder } from "../../warehouse/warehouse.ts";

/** Who has a warehouse now: a run, or whatever else works on it. */
export async function warehouseHolder(database: string): Promise<Holder | undefined> {
  return holderOf(database);
}

/** Takes the server lock of a home, for as long as this process runs. Throws `warehouse_locked` if another process holds it. */
export function takeServerLock(home: string): ProcessLock {
  return ProcessLock.acquire(serverLock(home));
}

/** Which process is the server of a home, as the system knows it. */
export function serverHolder(home: string): Holder | undefined {
  return ProcessLock.holderOf(serverLock(home));
}

/** The lock's file is this with `.lock` behind it. */
const serverLock = (home: string) => join(home, "server");

/** Where the runs of a home are kept. */
export function historyOf(home: string): HistoryStore {
  return sqliteHistory(join(home, "history.sqlite"));
}

/** Looks something up in the runs of a home; null where nothing was ever run. */
export async function withRuns<T>(home: string, look: (history: History) => T | Promise<T>): Promise<T | null> {
  const history = await historyOf(home).open();
  try {
    return history === null ? null : await look(history);
  } finally {
    history?.close();
  }
}

/** How long a source took to answer in earlier runs of a home. Without them, what is usual counts: a history that cannot be read says so itself. */
export async function measuredTimings(home: string, source: string): Promise<Pace["timings"]> {
  const landings = await withRuns(home, (history) => history.landings(source)).catch(() => null);
  return typicalTimings(landings ?? []);
}

/** The id of a run is its own: loads of an earlier run would count as loads of this one. Throws `usage` where a run has it. */
export async function refuseKnownRun(home: string, id: string): Promise<void> {
  const found = await withRuns(home, (history) => history.find(id)).catch(() => null); // the run says that its history cannot be used
  if (!found?.some((run) => run.id === id)) return;
  throw usageError(`A run with the id ${id} is already in the history.`, "Leave --run-id out, or give another UUID.");
}
