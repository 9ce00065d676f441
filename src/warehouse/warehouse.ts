import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Report } from "../pipeline/events.ts";
import type { Commit, LoadRequest, LoadResult, Owed, TaskContext, Warehouse } from "../pipeline/ports.ts";
import type { StoredCompany } from "../pipeline/window.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { Gate } from "./gate.ts";
import { mergeLoad, stageLoad } from "./load.ts";
import { readOwed, readStates, writeCommit } from "./state.ts";

/** A DuckDB file as the flow's warehouse. It is opened when it is needed and made by the first load. */
export class DuckDbWarehouse implements Warehouse {
  readonly #options: DatabaseOptions;
  readonly #report: Report;
  #database: Promise<Database> | undefined;
  /** What is staged stays in memory until it is merged. */
  readonly #stagings = new Gate(2);
  readonly #merges = new Gate(1);

  constructor(options: DatabaseOptions, report: Report) {
    this.#options = options;
    this.#report = report;
  }

  async states(): Promise<StoredCompany[]> {
    return this.#read([], readStates);
  }

  async owed(project: string): Promise<Owed> {
    return this.#read({ owed: true, reason: "there is no warehouse yet" }, (connection) =>
      readOwed(connection, project),
    );
  }

  /** Two companies are staged side by side; merges take turns, since each uses all threads by itself. */
  async load(request: LoadRequest, context: TaskContext): Promise<LoadResult> {
    context.report({ type: "load.waiting", task: context.task });
    return this.#stagings.within(async () => {
      const database = await this.#open();
      return database.connection(async (connection) => {
        const staged = await stageLoad(connection, request, context);
        return this.#merges.within(() => mergeLoad(connection, randomUUID(), request, staged, context));
      }, context.signal);
    });
  }

  async commit(commit: Commit): Promise<void> {
    await (await this.#open()).connection((connection) => writeCommit(connection, commit));
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database)?.close();
  }

  async #read<T>(none: T, read: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#database === undefined && !existsSync(this.#options.path)) return none;
    return (await this.#open()).connection(read);
  }

  async #open(): Promise<Database> {
    this.#database ??= Database.open(this.#options).then((database) => {
      this.#report({ type: "warehouse.opened" });
      return database;
    });
    try {
      return await this.#database;
    } catch (error) {
      this.#database = undefined;
      throw error;
    }
  }
}
