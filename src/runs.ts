import { join } from "node:path";
import { History, type LogLine, type RunDetail, type RunRow } from "./history/history.ts";
import { isAlive } from "./history/lease.ts";

export type { History, LogLine, RunDetail, RunRow };
export { isAlive };

/** The file that a home's runs are kept in. */
export function historyFile(home: string): string {
  return join(home, "history.sqlite");
}

/** The runs of a home; null where nothing was ever run. */
export function openRuns(home: string): History | null {
  return History.open(historyFile(home));
}
