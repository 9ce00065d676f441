import { copySqlite, integrityOf } from "../../sqlite/sqlite.ts";
import type { HistoryStore } from "../history.ts";
import { SqliteHandle } from "./handle.ts";
import { SqliteHistory } from "./history.ts";
import { SqliteNotices } from "./notices.ts";
import { SqliteRecorder } from "./recorder.ts";

/** The history in a SQLite file, which is made when the first run begins. */
export function sqliteHistory(path: string): HistoryStore {
  return {
    record: (run, options) => new SqliteRecorder(run, { path, ...options }),
    open: async () => SqliteHistory.open(path),
    keepOpen: () => new SqliteHandle(path),
    notices: async () => SqliteNotices.open(path),
    damage: async () => integrityOf(path),
    file: path,
    copyTo: (to) => copySqlite(path, to),
  };
}
