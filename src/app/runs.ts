import { join } from "node:path";
import { History } from "../history/history.ts";
import { type Holder, WarehouseLock } from "../warehouse/file/lock.ts";

/** Who has a warehouse now: a run, or whatever else works on it. */
export function warehouseHolder(database: string): Holder | undefined {
  return WarehouseLock.holderOf(database);
}

/** The right to be the server of a home, for as long as the process is there. Throws `warehouse_locked` where another has it. */
export function takeServerLock(home: string): WarehouseLock {
  return WarehouseLock.acquire(serverLock(home), { pid: process.pid, since: new Date().toISOString() });
}

/** Which process is the server of a home, as the system knows it. */
export function serverHolder(home: string): Holder | undefined {
  return WarehouseLock.holderOf(serverLock(home));
}

/** The lock's file is this with `.lock` behind it. */
const serverLock = (home: string) => join(home, "server");

/** The file that a home's runs are kept in. */
export function historyFile(home: string): string {
  return join(home, "history.sqlite");
}

/** The runs of a home; null where nothing was ever run. */
export function openRuns(home: string): History | null {
  return History.open(historyFile(home));
}
