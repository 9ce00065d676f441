import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { makeFolder } from "../files/folder.ts";
import { makePrivate } from "../files/private-file.ts";

/** The file's tables are of a newer version of this program. */
export class NewerSchemaError extends Error {
  constructor(found: number, known: number) {
    super(`is of a newer version of this program (${found}, known here: ${known})`);
    this.name = "NewerTables";
  }
}

/**
 * Opens a SQLite file that several processes write, made where there is none. `migrations` is a folder of numbered `.sql` files;
 * released ones never change. Throws {@link NewerSchemaError}, or what SQLite says of a file that is damaged or cannot be written.
 */
export function openSqlite(path: string, migrations: URL, patienceMs: number): DatabaseSync {
  makeFolder(dirname(path));
  // What SQLite makes beside it has the same mode.
  if (!existsSync(path)) makePrivate(path);
  // To change a fresh file's journal does not wait for another process that writes it: it is tried again.
  for (const started = performance.now(); ; Atomics.wait(pause, 0, 0, 5)) {
    const database = new DatabaseSync(path, { timeout: patienceMs });
    try {
      // Only of a new file: the pages of what is removed can be given back. Of another one this would wait for whoever writes.
      if (database.prepare("pragma page_count").get()?.page_count === 0) {
        database.exec("pragma auto_vacuum = incremental");
      }
      database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on");
      migrate(database, scripts(migrations));
      return database;
    } catch (error) {
      database.close();
      if (!isBusy(error) || performance.now() - started > patienceMs) throw error;
    }
  }
}

/**
 * A file whose disk is full, or that may not be written, without its write-ahead log: what was written last may be missing. One of an earlier
 * version looks as if it had the columns and tables that were added since, with their defaults. Null where `cause`, why it could not be opened,
 * is another one, or it cannot be read like that either.
 */
export function openReadOnly(path: string, migrations: URL, cause: unknown): DatabaseSync | null {
  if (!/disk is full|disk I\/O error|readonly database|unable to open/.test((cause as Error).message)) return null;
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    addMissing(database, scripts(migrations));
    return database;
  } catch {
    database?.close();
    return null; // whoever asks says what was wrong first
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Whether another process has the file. */
export function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 5;
}

/** Runs `change` as one transaction that no other process' write can come between. */
export function transaction<T>(database: DatabaseSync, change: () => T): T {
  database.exec("begin immediate");
  try {
    const result = change();
    database.exec("commit");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

function migrate(database: DatabaseSync, known: readonly string[]): void {
  const version = () => Number(database.prepare("pragma user_version").get()?.user_version);
  if (version() > known.length) throw new NewerSchemaError(version(), known.length);
  if (version() === known.length) return;
  transaction(database, () => {
    // Another process may have been quicker.
    for (const sql of known.slice(version())) database.exec(sql);
    database.exec(`pragma user_version = ${known.length}`);
  });
}

/** Puts views in front of tables that lack columns, and empty tables in place of those that are not there, as far as this connection goes. */
function addMissing(database: DatabaseSync, known: readonly string[]): void {
  const whole = new DatabaseSync(":memory:");
  try {
    for (const sql of known) whole.exec(sql);
    database.exec("pragma temp_store = memory");
    for (const table of tablesOf(whole)) {
      const found = columnsOf(database, table).map(({ name }) => name);
      const columns = columnsOf(whole, table);
      if (found.length === 0) {
        database.exec(`create temp table "${table}" (${columns.map(({ name }) => quoted(name)).join(", ")})`);
        continue;
      }
      const missing = columns.filter(({ name }) => !found.includes(name));
      if (missing.length === 0) continue;
      const added = missing.map(({ name, value }) => `${value} as ${quoted(name)}`).join(", ");
      database.exec(`create temp view "${table}" as select *, ${added} from main."${table}"`);
    }
  } finally {
    whole.close();
  }
}

const quoted = (name: string) => `"${name}"`;

function tablesOf(database: DatabaseSync): string[] {
  const rows = database
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
    .all();
  return rows.map(({ name }) => String(name));
}

/** The columns of a table, each with the value that it has by default, as SQL. */
function columnsOf(database: DatabaseSync, table: string): { name: string; value: string }[] {
  const rows = database.prepare("select name, dflt_value as value from pragma_table_info(?)").all(table);
  return rows.map(({ name, value }) => ({ name: String(name), value: value === null ? "null" : String(value) }));
}

function scripts(folder: URL): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().map((file) => readFileSync(new URL(file, folder), "utf8"));
}

/** What SQLite says of a file that is not whole; null where nothing is damaged. */
export function integrityOf(path: string): string | null {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const [row] = database.prepare("pragma quick_check(1)").all() as { quick_check: string }[];
    return row?.quick_check === "ok" ? null : (row?.quick_check ?? "no answer");
  } catch (error) {
    return (error as Error).message;
  } finally {
    database?.close();
  }
}

/** Writes a whole copy of a SQLite file that other processes may be writing; does nothing where there is none. */
export function copySqlite(path: string, to: string): void {
  if (!existsSync(path)) return;
  makePrivate(to);
  const database = new DatabaseSync(path);
  try {
    database.prepare("vacuum into ?").run(to);
  } finally {
    database.close();
  }
}

/** Removes a SQLite file with what stands beside it. */
export function removeSqlite(path: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
}
