import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { obstacleToWriting } from "../../files/folder.ts";
import { otherStorage, unusable } from "./failures.ts";

/**
 * Throws `warehouse_unusable` where the path cannot be a warehouse: before anything is made, and without a lock. What a
 * header does not tell shows when the file is opened.
 */
export function checkPath(path: string, use: "read" | "write" = "write"): void {
  checkName(path);
  const stats = statOf(path);
  if (stats === undefined) {
    if (use === "read") return;
    checkFolder(path);
    const target = resolveTarget(path);
    if (target !== path) {
      checkName(target);
      checkFolder(target);
    }
    return;
  }
  if (stats.isDirectory()) throw unusable(`The database path ${path} is a directory, not a file.`);
  if (!stats.isFile()) throw unusable(`The database path ${path} is not a regular file.`);
  if (!can(path, constants.R_OK | (use === "read" ? 0 : constants.W_OK)))
    throw unusable(`The warehouse ${path} is not readable${use === "read" ? "" : " and writable"}.`);
  if (use === "write" && !can(dirname(path), constants.W_OK))
    throw unusable(`The folder of the warehouse ${path} is not writable.`);
  const { magic, storage } = headerOf(path);
  if (magic !== "DUCK") throw unusable(`The file ${path} is not a DuckDB database.`);
  if (storage > newestStorage) {
    throw otherStorage(path, `its storage version is ${storage}, the newest known here ${newestStorage}.`);
  }
}

/** What a home keeps beside its warehouse. */
const ownFiles = ["home.json", "restore.json", "server.json", "history.sqlite", "schedule.sqlite", "requests.sqlite"];
/** How the names of what stands beside a warehouse end: its log, lock, spilled and staged rows, and what is not whole yet. */
const endingsBeside = [".wal", ".lock", ".tmp", ".staging", ".new", ".backup"];
/** Schemas that the views of the models read by names of two parts. */
const schemasOfViews = ["raw", "staging", "seeds"];
/** Those of the models, which people ask for by such names. */
const schemasOfModels = ["marts", "intermediate"];

/** What DuckDB cannot do, or what would make the views unreadable for whoever opens the file. */
function checkName(path: string): void {
  // DuckDB takes what follows for the query of an address: it puts the write-ahead log into another place.
  if (path.includes("?")) {
    throw unusable(
      `The database path ${path} holds a question mark, which DuckDB cannot use.`,
      undefined,
      "Name a path without one, with --home or --database.",
    );
  }
  if (ownFiles.includes(basename(path))) {
    throw unusable(
      `The database path ${path} has the name of a file that a home keeps beside its warehouse.`,
      undefined,
      "Give the file another name, with --database or in pipeline.yaml (database).",
    );
  }
  const besides = endingsBeside.find((ending) => path.endsWith(ending));
  // One of an older version that works stays as it is.
  if (besides !== undefined && !existsSync(path)) {
    throw unusable(
      `The database path ${path} ends with ${besides}, as what stands beside a warehouse of the name before that.`,
      undefined,
      "Give the file another name, with --database or in pipeline.yaml (database).",
    );
  }
  // DuckDB names a database after its file, up to the first dot.
  const name = basename(path).split(".")[0]!.toLowerCase();
  // One of an older version that works stays as it is.
  if (schemasOfViews.includes(name) || (schemasOfModels.includes(name) && !existsSync(path))) {
    throw unusable(
      `The database path ${path} cannot be used: whoever opens a file named ${name} cannot read ${name}.* in it.`,
      undefined,
      "Give the file another name, with --database or in pipeline.yaml (database).",
    );
  }
}

/** The newest storage version that DuckDB 1.5 reads. */
const newestStorage = 68;

/** Undefined where nothing is there. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ELOOP" ? "is a link that leads to itself" : `cannot be looked at (${code})`;
    throw unusable(`The database path ${path} ${why}.`, error);
  }
}

/** Where the file is to be that a path names: a link may lead to a place where none is yet, and stays one. */
export function resolveTarget(path: string): string {
  const link = lstatSync(path, { throwIfNoEntry: false });
  // The link stands in its folder as that really is: the folder's own name may be a link, too.
  return link?.isSymbolicLink() ? resolveTarget(resolve(realpathSync(dirname(path)), readlinkSync(path))) : path;
}

/** The nearest folder that exists must be one, and writable. */
function checkFolder(path: string): void {
  const obstacle = obstacleToWriting(dirname(path));
  if (obstacle !== null) throw unusable(`The warehouse ${path} cannot be made: ${obstacle.at} ${obstacle.why}.`);
}

function can(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false; // the one thing that is asked
  }
}

/** Every DuckDB file begins with a checksum, this word, and the version of its storage. */
function headerOf(path: string): { magic: string; storage: number } {
  const buffer = Buffer.alloc(20);
  const file = openSync(path, "r");
  try {
    readSync(file, buffer, 0, buffer.length, 0);
  } finally {
    closeSync(file);
  }
  return { magic: buffer.toString("latin1", 8, 12), storage: Number(buffer.readBigUInt64LE(12)) };
}
