import { existsSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { isForbidden } from "../../files/private-file.ts";
import { PipelineError } from "../../run/errors.ts";
import { NewerSchemaError, openReadOnly, openSqlite } from "../../sqlite/sqlite.ts";

/** Milliseconds that a reader's statement waits for another process' write: those are short. */
const patienceMs = 250;

const migrations = new URL("./migrations/", import.meta.url);

/** Opens the run history, made where there is none. Throws where the file is damaged, newer, or cannot be written. */
export function openHistory(path: string, timeoutMs = patienceMs): DatabaseSync {
  return openSqlite(path, migrations, timeoutMs);
}

/** Which file is at a path; null where none is. */
export function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** A history, and whether it can only be read, without what was written last: the disk is full, or may not be written. */
export type OpenHistory = { database: DatabaseSync; isStale: boolean };

/** The run history where there is one. Throws `history_unusable` where it cannot be read. */
export function openExistingHistory(path: string): OpenHistory | null {
  if (!existsSync(path)) return null;
  if (isForbidden(path)) throw forbidden(path);
  try {
    return { database: openHistory(path), isStale: false };
  } catch (error) {
    const database = openReadOnly(path, migrations, error);
    if (database !== null) return { database, isStale: true };
    const isNewer = error instanceof NewerSchemaError;
    const why = isNewer ? error.message : `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new PipelineError(
      {
        code: "history_unusable",
        message: `The run history ${path} ${why}.`,
        data: isNewer
          ? "The file was not touched."
          : "Complaints, marts and watermarks are kept elsewhere and are not affected.",
        next: `${isNewer ? "Update this program, or move the file away" : "If it is damaged, move the file away"}: the next run begins a new history.`,
      },
      { cause: error },
    );
  }
}

function forbidden(path: string): PipelineError {
  return new PipelineError({
    code: "history_unusable",
    message: `The run history ${path} may not be read by this user.`,
    data: "Nothing was read or changed.",
    next: "Run the command as the user who runs the pipeline.",
  });
}
