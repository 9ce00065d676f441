import { join } from "node:path";
import type { History, HistoryStore } from "../../history/history.ts";
import { sqliteHistory } from "../../history/sqlite/store.ts";
import { type Holder, ProcessLock } from "../../warehouse/file/lock.ts";

/** Who has a warehouse now: a run, or whatever else works on it. */
export function warehouseHolder(database: string): Holder | undefined {
  return ProcessLock.holderOf(database);
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

/** The file that a home's runs are kept in. */
export function historyFile(home: string): string {
  return join(home, "history.sqlite");
}

/** Where the runs of a home are kept. */
export function historyOf(home: string): HistoryStore {
  return sqliteHistory(historyFile(home));
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
