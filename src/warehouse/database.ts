import { rmSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { openingFailure, statementFailure } from "./failures.ts";
import { migrate } from "./migrate.ts";

export type DatabaseOptions = {
  path: string;
  /** DuckDB's memory limit, such as `512MB`; what does not fit is spilled beside the file. */
  memoryLimit: string;
  threads: number;
};

/** How often a statement under way is told to stop: DuckDB forgets an interrupt that comes between two statements. */
const interruptEveryMs = 20;

/** An open warehouse file, brought up to date. Its opener holds the warehouse lock (invariant 4). */
export class Database {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    // What a killed process spilled is of no use to anyone.
    rmSync(`${options.path}.tmp`, { recursive: true, force: true });
    let database: Database;
    try {
      database = new Database(
        await DuckDBInstance.create(options.path, {
          memory_limit: options.memoryLimit,
          threads: String(options.threads),
          preserve_insertion_order: "false",
          autoinstall_known_extensions: "false",
          autoload_known_extensions: "false",
          allow_community_extensions: "false",
        }),
      );
    } catch (error) {
      throw openingFailure(options.path, error);
    }
    try {
      await database.connection((connection) => migrate(connection, options.path));
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
