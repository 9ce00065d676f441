import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { makeFolder } from "../../files/folder.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { PipelineError } from "../../run/errors.ts";
import { openingFailure, statementFailure, warehouseGone } from "./failures.ts";
import { currentVersion, type Migrations, migrate, ownMigrations } from "./migrate.ts";
import { resolveTarget } from "./path.ts";

export type DatabaseOptions = {
  path: string;
  /** DuckDB's memory limit, such as `512MB`; what does not fit is spilled beside the file. */
  memoryLimit: string;
  threads: number;
  /** The tables and views that dbt makes in it, such as `marts.fct_complaints`: no others may have their names. */
  relations: readonly string[];
};

/** How often a statement under way is told to stop: DuckDB forgets an interrupt that comes between two statements. */
const interruptEveryMs = 20;

/** How long a file is waited for whose lock another process has: one that was killed needs a moment to vanish. */
const patienceMs = 2000;

/** DuckDB's settings of a database that dials nowhere. */
const offline = {
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
};

/**
 * What a warehouse file is called in SQL, whatever its own name is: the same in every home, in dbt's profile too. A file
 * that is opened under its own name, such as `pipeline.duckdb`, makes `pipeline.state` ambiguous.
 */
const catalog = "warehouse";

/** Gives `read` a connection on a warehouse file that it cannot change. Throws a PipelineError where the file cannot be used. */
export async function readFile<T>(path: string, read: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await openOnceFree(path, () =>
    attach(path, "read_only", { ...offline, temp_directory: spillOf(path) }),
  );
  const connection = await instance.connect();
  try {
    await connection.run(start);
    return await read(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What each connection begins with. */
const start = `set timezone = 'UTC'; use ${catalog}`;

/** Where DuckDB spills what does not fit into its memory. */
const spillOf = (path: string) => `${path}.tmp`;

async function attach(path: string, option: string, settings: Record<string, string>): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(":memory:", settings);
  try {
    const connection = await instance.connect();
    await connection.run(`attach ${sqlLiteral(path)} as ${catalog} (type duckdb, ${option})`);
    connection.closeSync();
    return instance;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** Tries again while another process has the file. Errors are the user's. */
async function openOnceFree<T>(path: string, open: () => Promise<T>): Promise<T> {
  for (const started = performance.now(); ; await setTimeout(100)) {
    try {
      return await open();
    } catch (error) {
      const failure = openingFailure(path, error);
      const isLocked = failure instanceof PipelineError && failure.code === "warehouse_locked";
      if (!isLocked || performance.now() - started > patienceMs) throw failure;
    }
  }
}

/** Rows of a group, a multiple of 2048. The usual 122,880 are 75 MB while they are gathered, and as much where the last is written anew. */
const rowGroupSize = 20_480;

/** What keeps memory flat: rows are on disk soon, and what they took is given back (figures in docs/performance.md). */
const lowMemory = {
  preserve_insertion_order: "false",
  // A group goes to the file when it is full, before its transaction ends.
  write_buffer_row_group_count: "1",
  // Of a new file: a row group under way holds a block for each column and its nulls, 12 MB of the usual size.
  default_block_size: "65536",
  checkpoint_threshold: "12MB",
  // Merging groups that are not full would take up to 170 MB at a checkpoint. As rows are not deleted, few are not full.
  max_vacuum_tasks: "0",
  // Staged pages are read a few times, once each: not worth a cache.
  enable_external_file_cache: "false",
  // Parsing a page takes and frees many times its size, which the allocator would keep.
  allocator_bulk_deallocation_flush_threshold: "8MB",
};

/** An open warehouse file, brought up to date. Its opener holds the warehouse lock (invariant 4). */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #path: string;
  readonly #file: string | undefined;

  private constructor(instance: DuckDBInstance, path: string) {
    this.#instance = instance;
    this.#path = path;
    this.#file = fileAt(path);
  }

  /** Makes the file where there is none: it gets its name when it is whole, so that a kill leaves no half of one. */
  static async open(options: DatabaseOptions, migrations: Migrations = ownMigrations()): Promise<Database> {
    const { path } = options;
    if (!existsSync(path)) {
      const place = resolveTarget(path);
      const unfinished = `${place}.new`;
      for (const left of [unfinished, `${unfinished}.wal`]) rmSync(left, { force: true });
      makeFolder(dirname(place));
      (await Database.#openFile({ ...options, path: unfinished }, migrations)).close();
      renameSync(unfinished, place);
    }
    return Database.#openFile(options, migrations);
  }

  /** Opens a warehouse that has been made. Throws `warehouse_failed` where there is none: dbt makes an empty file of an absent one. */
  static async openMade(options: DatabaseOptions): Promise<Database> {
    if (!existsSync(options.path)) throw warehouseGone(options.path);
    const migrations = ownMigrations();
    const database = await openOnceFree(options.path, () => Database.#attach(options));
    try {
      const { path, relations } = options;
      const version = await database.connection((connection) =>
        currentVersion(connection, path, migrations, relations),
      );
      if (version !== migrations.length) throw warehouseGone(options.path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  static async #openFile(options: DatabaseOptions, migrations: Migrations): Promise<Database> {
    const database = await openOnceFree(options.path, () => Database.#attach(options));
    try {
      // The file is ours now: what a killed process spilled is of no use to anyone.
      const spill = spillOf(options.path);
      if (statSync(spill, { throwIfNoEntry: false })?.isDirectory()) rmSync(spill, { recursive: true, force: true });
      await database.connection(async (connection) => {
        await migrate(connection, options.path, migrations, options.relations);
        // Where a column was added to a table of larger row groups, DuckDB 1.5 cannot insert into it before a checkpoint ("Could not find
        // node in column segment tree"); a killed process may have left that in the log.
        if (existsSync(`${options.path}.wal`)) await connection.run("checkpoint");
      });
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  static async #attach({ path, memoryLimit, threads }: DatabaseOptions): Promise<Database> {
    const settings = { ...offline, ...lowMemory, memory_limit: memoryLimit, threads: String(threads) };
    // The size of row groups can only be said where a file is attached.
    const option = `row_group_size ${rowGroupSize}`;
    return new Database(await attach(path, option, { ...settings, temp_directory: spillOf(path) }), path);
  }

  /** Gives `use` a connection of its own; a transaction that `use` leaves open is rolled back. */
  async connection<T>(use: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const connection = await this.#instance.connect();
    let interrupting: NodeJS.Timeout | undefined;
    const interrupt = () => {
      interrupting = setInterval(() => connection.interrupt(), interruptEveryMs);
      connection.interrupt();
    };
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      await connection.run(start);
      return await use(connection);
    } catch (error) {
      signal?.throwIfAborted();
      throw statementFailure(error);
    } finally {
      signal?.removeEventListener("abort", interrupt);
      clearInterval(interrupting);
      connection.closeSync();
    }
  }

  /** Throws `warehouse_failed` where another file, or none, is at the path now: what is written here would be lost. */
  assertInPlace(): void {
    if (fileAt(this.#path) !== this.#file) throw warehouseGone(this.#path);
  }

  close(): void {
    this.#instance.closeSync();
  }
}

/** Which file is at a path; undefined where none is. */
function fileAt(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
