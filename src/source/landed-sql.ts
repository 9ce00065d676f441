import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Semaphore } from "../pipeline/semaphore.ts";

/** SQL on landed files, in a small DuckDB in memory: no row passes through JavaScript (invariant 5). */
export class LandedSql {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  /** One connection runs one query at a time. */
  readonly #turns = new Semaphore(1);

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<LandedSql> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: "1",
      memory_limit: "256MB",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    return new LandedSql(instance, await instance.connect());
  }

  /** The rows of a query on the file `$file`. Rejects with DuckDB's own error. */
  async query(sql: string, file: string): Promise<unknown[][]> {
    return this.#turns.run(async () => (await this.#connection.runAndReadAll(sql, { file })).getRows());
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
