import { join } from "node:path";
import { History } from "../../history/history.ts";
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

/** Looks something up in the runs of a home; null where nothing was ever run. */
export function withRuns<T>(home: string, look: (history: History) => T): T | null {
  const history = openRuns(home);
  try {
    return history === null ? null : look(history);
  } finally {
    history?.close();
  }
}

/** The runs of a home; null where nothing was ever run. */
export function openRuns(home: string): History | null {
  return History.open(historyFile(home));
}
