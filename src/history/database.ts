import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PipelineError } from "../pipeline/errors.ts";

/** Milliseconds that a reader's statement waits for another process' write: those are short. */
const patienceMs = 250;

/** The migrations of this program, in order. Released ones never change. */
function migrations(): string[] {
  const folder = new URL("./migrations/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().map((file) => readFileSync(new URL(file, folder), "utf8"));
}

/** Opens the run history, made where there is none. Throws where the file is damaged, newer, or cannot be written. */
export function openHistory(path: string, timeoutMs = patienceMs): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: timeoutMs });
  try {
    database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on");
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The run history where there is one. Throws `history_unusable` where it cannot be read. */
export function openExistingHistory(path: string): DatabaseSync | null {
  if (!existsSync(path)) return null;
  try {
    return openHistory(path);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      {
        code: "history_unusable",
        what: `The run history ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
        data: "Complaints, marts and watermarks are kept elsewhere and are not affected.",
        next: "If it is damaged, move the file away: the next run begins a new history.",
      },
      { cause: error },
    );
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = () => Number(database.prepare("pragma user_version").get()?.user_version);
  const known = migrations();
  if (version() > known.length) {
    throw new PipelineError({
      code: "history_unusable",
      what: `The run history ${path} is of a newer version of this program (${version()}, known here: ${known.length}).`,
      data: "The file was not touched.",
      next: "Update this program, or move the file away: the next run begins a new history.",
    });
  }
  if (version() === known.length) return;
  database.exec("begin immediate");
  // Another process may have been quicker.
  for (const sql of known.slice(version())) database.exec(sql);
  database.exec(`pragma user_version = ${known.length}`);
  database.exec("commit");
}
