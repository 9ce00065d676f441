import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { makeFolder } from "../../files/folder.ts";
import { privateMode } from "../../files/private-file.ts";
import { isBusy, transaction } from "../../sqlite/sqlite.ts";
import type { Lease } from "../lease.ts";
import type { NewRun, RefusedStart } from "../rows.ts";
import { openHistory } from "./database.ts";
import { endTasks, finishSql, finishValues, insertRun, isOpen, type RunEnd } from "./statements.ts";

/** What a run leaves beside a history that it could not write at its end. */
type Left = { run: NewRun; lease: Lease; ended: RunEnd } | { refusal: RefusedStart };

const folderOf = (history: string) => join(dirname(history), "runs-ended");

/** Leaves a run's end for whoever opens the history next: one that ended well never becomes Crashed. */
export function saveEnded(history: string, left: Left): void {
  const folder = folderOf(history);
  const path = join(folder, "refusal" in left ? left.refusal.runId : left.run.id);
  makeFolder(folder);
  // It gets its name when it is whole: others may look at any moment.
  writeFileSync(`${path}.unfinished`, JSON.stringify(left), { mode: privateMode });
  renameSync(`${path}.unfinished`, `${path}.json`);
}

/**
 * Brings what runs left into the history. Gives the ids of those that it could not, since another process writes or nothing can be written
 * there: their ends are known all the same.
 */
export function importEnded(database: DatabaseSync, history: string): string[] {
  const folder = folderOf(history);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => {
    const path = join(folder, file);
    const left = read(path);
    if (left === null) return [];
    try {
      if ("refusal" in left) recordRefusal(database, left.refusal);
      else recordEnd(database, left);
    } catch (error) {
      if ((error as { errcode?: number }).errcode === undefined) throw error; // none of SQLite's
      return [file.replace(/\.json$/, "")];
    }
    rmSync(path, { force: true });
    return [];
  });
}

/** Null where another process has settled it meanwhile. One that is damaged is put aside: it says nothing any more. */
function read(path: string): Left | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Left;
  } catch (error) {
    if (error instanceof SyntaxError) renameSync(path, `${path}.damaged`);
    else if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return null;
  }
}

function recordEnd(database: DatabaseSync, { run, lease, ended }: Exclude<Left, { refusal: RefusedStart }>): void {
  transaction(database, () => {
    const known = database.prepare("select no from runs where id = ?").get(run.id) as { no: number } | undefined;
    const no = known?.no ?? insertRun(database, run, lease);
    database.prepare(`${finishSql} and ${isOpen}`).run(...finishValues(ended), no);
    endTasks(database, no, ended.state, ended.endedAt);
  });
}

/**
 * A start that was refused was no run: its row goes. It stays as a refusal where a schedule started it, or runs have completed here: then
 * somebody may have to look after it.
 */
function recordRefusal(database: DatabaseSync, refusal: RefusedStart): void {
  const { runId, at, trigger, code, message, next } = refusal;
  transaction(database, () => {
    database.prepare("delete from runs where id = ?").run(runId);
    const completed = database.prepare("select 1 from runs where state = 'Completed' limit 1").get();
    if (trigger !== "schedule" && completed === undefined) return;
    database.prepare("delete from refusals where run_id = ?").run(runId);
    database.prepare("insert into refusals values (?, ?, ?, ?, ?, ?)").run(runId, at, trigger, code, message, next);
  });
}

/** Records a refusal; false where another process keeps the history for longer than `timeoutMs`. */
export function tryToRecordRefusal(path: string, refusal: RefusedStart, timeoutMs: number): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = openHistory(path, timeoutMs);
    recordRefusal(database, refusal);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  } finally {
    database?.close();
  }
}
