import { existsSync, renameSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { PipelineError } from "../pipeline/errors.ts";
import { openingFailure, statementFailure } from "./failures.ts";
import { type Migrations, migrate, ownMigrations } from "./migrate.ts";

export type DatabaseOptions = {
  path: string;
  /** DuckDB's memory limit, such as `512MB`; what does not fit is spilled beside the file. */
  memoryLimit: string;
  threads: number;
};

/** How often a statement under way is told to stop: DuckDB forgets an interrupt that comes between two statements. */
const interruptEveryMs = 20;

/** How long a file is waited for whose lock another process has: one that was killed needs a moment to vanish. */
const patienceMs = 2000;

/** Opens a DuckDB file that dials nowhere. Throws a PipelineError where it cannot be used. */
export async function openFile(path: string, settings: Record<string, string>): Promise<DuckDBInstance> {
  const options = {
    ...settings,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  };
  for (const started = Date.now(); ; await setTimeout(100)) {
    try {
      return await DuckDBInstance.create(path, options);
    } catch (error) {
      const failure = openingFailure(path, error);
      const isLocked = failure instanceof PipelineError && failure.code === "warehouse_locked";
      if (!isLocked || Date.now() - started > patienceMs) throw failure;
    }
  }
}

/** An open warehouse file, brought up to date. Its opener holds the warehouse lock (invariant 4). */
export class Database {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** Makes the file where there is none: it gets its name when it is whole, so that a kill leaves no half of one. */
  static async open(options: DatabaseOptions, migrations: Migrations = ownMigrations()): Promise<Database> {
    const { path } = options;
    if (!existsSync(path)) {
      const unfinished = `${path}.new`;
      for (const left of [unfinished, `${unfinished}.wal`]) rmSync(left, { force: true });
      (await Database.#openFile({ ...options, path: unfinished }, migrations)).close();
      renameSync(unfinished, path);
    }
    return Database.#openFile(options, migrations);
  }

  static async #openFile(options: DatabaseOptions, migrations: Migrations): Promise<Database> {
    const database = new Database(
      await openFile(options.path, {
        memory_limit: options.memoryLimit,
        threads: String(options.threads),
        preserve_insertion_order: "false",
        // Every checkpoint writes the table's last row group anew: not after each company.
        checkpoint_threshold: "64MB",
        // Parsing a page takes and frees many times its size, which the allocator would keep: 100 MB less at the peak.
        allocator_bulk_deallocation_flush_threshold: "32MB",
      }),
    );
    try {
      // The file is ours now: what a killed process spilled is of no use to anyone.
      rmSync(`${options.path}.tmp`, { recursive: true, force: true });
      await database.connection((connection) => migrate(connection, options.path, migrations));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
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
      await connection.run("set timezone = 'UTC'");
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

  close(): void {
    this.#instance.closeSync();
  }
}
