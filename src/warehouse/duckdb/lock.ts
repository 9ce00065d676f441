import { closeSync, existsSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder, removeEmpty } from "../../files/folder.ts";
import { hostOfProcess, isProcessAlive } from "../../process/alive.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Holder } from "../warehouse.ts";
import { unusable } from "./failures.ts";

const attempts = 20;
/** Milliseconds between two attempts: somebody who looks at the lock has it for less. */
const pauseMs = 5;
/** Milliseconds that the holder waits for those who look: they read a row. */
const readersMs = 5000;

const thisProcess = (): Holder => ({ pid: process.pid, since: new Date().toISOString() });

/**
 * The right to own a warehouse (invariant 4) for a whole run, also while the file itself is closed for dbt. It is a write
 * lock that the system keeps on a small SQLite file beside the warehouse: it ends with the process, however that ends,
 * and its one row says who holds it.
 */
export class ProcessLock {
  readonly #database: string;
  readonly #db: DatabaseSync;
  readonly #madeFolders: readonly string[];

  private constructor(database: string, db: DatabaseSync, madeFolders: readonly string[]) {
    this.#database = database;
    this.#db = db;
    this.#madeFolders = madeFolders;
  }

  /** Throws `warehouse_locked`, at once and naming the holder, when another process has it. */
  static acquire(database: string, holder: Holder = thisProcess()): ProcessLock {
    const madeFolders = makeFolders(dirname(database));
    for (let attempt = 1; ; attempt++) {
      const db = openLock(database);
      const held = db && hold(db, database, holder);
      if (held === true) return new ProcessLock(database, db!, madeFolders);
      db?.close();
      // One who looks has it for a moment, also where a killed process left its row; another may take or remove the file in the same instant.
      const isBelieved = typeof held === "object" && held.pid !== 0 && attempt > 3 && isThere(held);
      if (isBelieved || attempt === attempts) {
        throw lockedError(database, typeof held === "object" && isThere(held) ? held : undefined);
      }
      Atomics.wait(pause, 0, 0, pauseMs);
    }
  }

  /** Who holds the lock of a warehouse now; does not disturb one who takes it. */
  static holderOf(database: string): Holder | undefined {
    if (!existsSync(lockPath(database))) return undefined;
    for (let attempt = 1; ; attempt++) {
      const db = connect(database);
      try {
        const holder = readHolder(db, database);
        // A row without a lock is of a process that was killed.
        if (holder === undefined || begin(db, database)) return undefined;
        // Another who looks may have it just now: only for a moment.
        if (attempt > 3 && isThere(holder)) return holder;
        if (attempt === attempts) return undefined;
      } finally {
        db.close();
      }
      Atomics.wait(pause, 0, 0, pauseMs);
    }
  }

  /**
   * Where no warehouse was made, nothing of the lock is left either. Never throws, since that would hide how the run ended: the system
   * frees the lock with the process, and a row that stays without a lock is of nobody.
   */
  release(): void {
    try {
      if (existsSync(this.#database)) {
        this.#db.exec("delete from holder");
        commit(this.#db);
      } else {
        rmSync(lockPath(this.#database), { force: true });
        removeEmpty(this.#madeFolders);
      }
    } catch {
      // Such as a full disk.
    } finally {
      this.#db.close();
    }
  }
}

/** False where it is known that there is no such process: its row was left by one that was killed. */
function isThere({ pid, elsewhere }: Holder): boolean {
  return elsewhere !== undefined || (pid !== 0 && isProcessAlive(pid));
}

const pause = new Int32Array(new SharedArrayBuffer(4));

const lockPath = (database: string) => `${database}.lock`;

/** The lock file, opened; undefined when it was replaced meanwhile. */
function openLock(database: string): DatabaseSync | undefined {
  const path = lockPath(database);
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    throw unusable(`The lock of the warehouse cannot be made: ${path} is not writable.`, error);
  }
  const inode = inodeOf(path);
  const db = connect(database);
  if (inode !== undefined && begin(db, database) && inodeOf(path) === inode) return db;
  if (inode !== undefined && inodeOf(path) === inode) return db; // held by another: its row is read next
  db.close();
  return undefined;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** True: this process has it. A holder: who has it. False: look again. */
function hold(db: DatabaseSync, database: string, holder: Holder): boolean | Holder {
  if (!db.isTransaction) return readHolder(db, database) ?? { pid: 0, since: "" };
  const { host, namespace } = hostOfProcess();
  try {
    db.exec(
      "drop table if exists holder; create table holder (pid integer not null, since text not null, host text, namespace text)",
    );
    db.prepare("insert into holder values (?, ?, ?, ?)").run(holder.pid, holder.since, host, namespace);
    // Others can read who it is only once it is committed; the lock for good is the next transaction.
    commit(db);
  } catch (error) {
    throw isFull(error) ? noRoom(database, error) : error;
  }
  if (!begin(db, database)) return readHolder(db, database) ?? false;
  const now = readHolder(db, database);
  return now?.pid === holder.pid && now.since === holder.since;
}

/** False when another process holds the write lock. */
function begin(db: DatabaseSync, database: string): boolean {
  try {
    db.exec("begin immediate");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw isFull(error) ? noRoom(database, error) : damaged(database, error);
  }
}

function readHolder(db: DatabaseSync, database: string): Holder | undefined {
  try {
    const known = db.prepare("select 1 from sqlite_schema where name = 'holder'").get();
    const row = known && db.prepare("select * from holder").get();
    if (!row) return undefined;
    const here = hostOfProcess();
    // One of an earlier version does not say where it is.
    const isHere = row.host == null || (row.host === here.host && row.namespace === here.namespace);
    const holder = { pid: Number(row.pid), since: String(row.since) };
    return isHere
      ? holder
      : { ...holder, elsewhere: row.host === here.host ? `another container on ${row.host}` : String(row.host) };
  } catch (error) {
    if (isBusy(error)) return undefined; // it writes its row just now
    throw damaged(database, error);
  }
}

/** Whoever reads the row has a lock on the file for a moment: it is waited for (invariant 4). */
function commit(db: DatabaseSync): void {
  db.exec(`pragma busy_timeout = ${readersMs}`);
  db.exec("commit");
  db.exec("pragma busy_timeout = 0");
}

function connect(database: string): DatabaseSync {
  try {
    return new DatabaseSync(lockPath(database), { timeout: 0 });
  } catch (error) {
    throw damaged(database, error);
  }
}

const isFull = (error: unknown) => error instanceof Error && /disk is full|disk I\/O error/i.test(error.message);

function noRoom(database: string, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "disk_full",
      message: `The disk is full: the lock of the warehouse ${database} could not be written.`,
      data: "Nothing was read or changed.",
      next: "Free some space and run again.",
    },
    { cause },
  );
}

const isBusy = (error: unknown) => error instanceof Error && /locked|busy/i.test(error.message);

function damaged(database: string, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_unusable",
      message: `The lock of the warehouse, ${lockPath(database)}, cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`,
      data: "Nothing was read or changed.",
      next: "Make sure that no run is under way, remove that file, and run again.",
    },
    { cause },
  );
}

export function lockedError(database: string, holder: Holder | undefined): PipelineError {
  const where = holder?.elsewhere === undefined ? "" : ` on ${holder.elsewhere}`;
  const who = holder?.pid ? `process ${holder.pid}${where}, since ${holder.since}` : "another process";
  // A number of another place is another process here.
  const kill = holder?.pid && holder.elsewhere === undefined ? `, or stop it with: kill -INT ${holder.pid}` : "";
  return new PipelineError({
    code: "warehouse_locked",
    message: `Another run holds the warehouse ${database}: ${who}.`,
    data: "Nothing was read or changed by this run.",
    next: `Wait until it is done${kill}.`,
  });
}

function makeFolders(folder: string): string[] {
  try {
    return makeFolder(folder);
  } catch (error) {
    throw unusable(`The folder ${folder} of the warehouse cannot be made.`, error);
  }
}
