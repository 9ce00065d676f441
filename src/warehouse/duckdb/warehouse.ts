import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { makeFolder, removeEmpty } from "../../files/folder.ts";
import type { Field } from "../../pipeline/dataset/complaints.ts";
import type {
  Commit,
  CommittedLoad,
  LoadRequest,
  LoadResult,
  PendingBuild,
  Published,
  RetriedRun,
} from "../../pipeline/flow/values.ts";
import { readAhead } from "../../pipeline/load/read-ahead.ts";
import type { Segment } from "../../pipeline/plan/days.ts";
import { Semaphore } from "../../pipeline/semaphore.ts";
import type { Distribution, LandedFiles, TaskContext, WindowRequest } from "../../pipeline/steps/ports.ts";
import type { Day, Window } from "../../pipeline/window/days.ts";
import type { Remembered } from "../../pipeline/window/window.ts";
import { exitCodeOf, PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";
import { readDaysOfLaterIndex } from "../load/later-loads.ts";
import { mergeLoad } from "../load/load.ts";
import { reconcileWindow } from "../load/reconcile-window.ts";
import type { Days } from "../load/scope-sql.ts";
import { publishMarts } from "../publish.ts";
import { isClosed, stagePieces } from "../staging/pieces.ts";
import { endStaging, stageFile } from "../staging/staging.ts";
import type { StagedFile } from "../staging/staging-sql.ts";
import { readDistributions, readRowsByDay } from "../state/distributions.ts";
import {
  checkLoads,
  readHasLoadedIndex,
  readLastLoad,
  readLoadsFor,
  readPendingBuild,
  readRemembered,
  readUnfinishedLoads,
  writeCommit,
} from "../state/state.ts";
import { forgetStates, nothingLoaded, readStateReport, type StateReport } from "../state/state-report.ts";
import type { Holder, Integrity, Warehouse, WarehouseLock } from "../warehouse.ts";
import { Database, type DatabaseOptions, readFile } from "./database.ts";
import { stagingFailure, warehouseGone } from "./failures.ts";
import { readIntegrity } from "./integrity.ts";
import { lockedError, ProcessLock } from "./lock.ts";
import { currentVersion, ownMigrations } from "./migrate.ts";
import { checkPath } from "./path.ts";

export type DuckDbOptions = DatabaseOptions & {
  /** The folder of the published snapshots. */
  published: string;
};

/** The migration from which on there is what parts of windows are judged by. */
const partsVersion = 8;

/** The migration from which on loads say whether they were imports. */
const importsVersion = 9;

/** How the folders of loads begin, beside those of nobody else. */
const stagingPrefix = "load-";

/** A DuckDB file as the warehouse. It is opened when it is needed, and made by the first load. */
export class DuckDbWarehouse implements Warehouse {
  readonly #options: DuckDbOptions;
  readonly #report: Report;
  /** Where files are staged, a folder for each load. */
  readonly #staging: string;
  #database: Promise<Database> | undefined;
  /** Pages and merges under way: each takes for a moment many times the size of a page. */
  readonly #work = new Semaphore(2);
  /** Two transactions on one table may conflict. */
  readonly #merges = new Semaphore(1);

  constructor(options: DuckDbOptions, report: Report) {
    this.#options = options;
    this.#staging = `${options.path}.staging`;
    this.#report = report;
  }

  get place(): string {
    return this.#options.path;
  }

  get buildVariables(): Record<string, string> {
    return { PIPELINE_DBT_DATABASE: this.#options.path };
  }

  async exists(): Promise<boolean> {
    return existsSync(this.#options.path);
  }

  async check(use: "read" | "write"): Promise<void> {
    checkPath(this.#options.path, use);
  }

  async lock(): Promise<WarehouseLock> {
    const lock = ProcessLock.acquire(this.#options.path);
    return { release: async () => lock.release() };
  }

  async holder(): Promise<Holder | undefined> {
    return ProcessLock.holderOf(this.#options.path);
  }

  async lastLoad(): Promise<{ runId: string; source: string | null } | null> {
    return this.#read(null, readLastLoad);
  }

  async states(): Promise<Remembered> {
    return this.#read({ companies: [], untracked: [], index: null }, readRemembered);
  }

  async loadsFor(retry: RetriedRun, source: string): Promise<CommittedLoad[]> {
    return this.#read([], (connection) => readLoadsFor(connection, retry, source));
  }

  async unfinishedLoads(companies: readonly string[], source: string, lookBackDays: number): Promise<CommittedLoad[]> {
    const read = (connection: DuckDBConnection) => readUnfinishedLoads(connection, companies, source, lookBackDays);
    return this.#lookOrRead([], read, partsVersion);
  }

  async pendingBuild(project: string): Promise<PendingBuild> {
    return this.#read({ isPending: true, reason: "there is no warehouse yet" }, (connection) =>
      readPendingBuild(connection, project),
    );
  }

  async distributions(names: readonly string[], days: Window, fields: readonly Field[]): Promise<Distribution[]> {
    const none = fields.map((field) => ({ field, values: [] }));
    return this.#read(none, (connection) => readDistributions(connection, { names: [...names], window: days }, fields));
  }

  async rowsByDay(names: readonly string[], days: Window): Promise<Segment[]> {
    return this.#lookOrRead([], (connection) => readRowsByDay(connection, { names: [...names], window: days }));
  }

  async daysOfLaterIndex(names: readonly string[], days: Window, day: Day): Promise<Window[]> {
    const of = { names: [...names], window: days };
    return this.#lookOrRead([], (connection) => readDaysOfLaterIndex(connection, of, day), importsVersion);
  }

  async stateReport(project: string): Promise<StateReport> {
    const { path } = this.#options;
    checkPath(path, "read");
    const holder = await this.holder();
    if (holder !== undefined) throw lockedError(path, holder);
    return this.#look(nothingLoaded, (connection) => readStateReport(connection, project));
  }

  async forget(companies: readonly string[]): Promise<string[]> {
    return this.#read([], (connection) => forgetStates(connection, companies));
  }

  async inspect(): Promise<Integrity | null> {
    checkPath(this.#options.path, "read");
    return this.#look(null, readIntegrity);
  }

  async handOver<T>(build: () => Promise<T>): Promise<T> {
    await this.close();
    this.#report({ type: "warehouse.closed" });
    return build();
  }

  async hasLoadedIndex(index: string, companies: readonly string[]): Promise<boolean> {
    return this.#read(false, (connection) => readHasLoadedIndex(connection, index, companies));
  }

  async load(request: LoadRequest, files: LandedFiles, context: TaskContext): Promise<LoadResult> {
    const { task, signal, report } = context;
    const { scope } = request;
    // Ends what is under way, however this ends.
    await using ahead = readAhead(files);
    let folder: string | undefined;
    // No file is made for a scope whose first page never comes.
    let next = await ahead.next();
    try {
      const database = await this.#open();
      folder = this.#makeStaging();
      return await database.connection(async (connection) => {
        const staged: StagedFile[] = [];
        const stage = async (landed: StagedFile["landed"], of: Days | null) => {
          const name = `${String(staged.length + 1).padStart(6, "0")}.parquet`;
          const file = { landed, path: join(folder!, name), scope: of };
          staged.push(file);
          await this.#work.run(async () => {
            signal.throwIfAborted();
            await stageFile(connection, file);
          });
        };
        let records: number | null = null;
        for (; !next.done; next = await ahead.next()) {
          const { path, format } = next.value;
          if (!isClosed(format)) await stage(next.value, null);
          else
            records =
              (records ?? 0) + (await stagePieces({ path, format }, folder!, (piece) => stage(piece, scope), context));
        }
        const evidence = next.value;
        const rows = await this.#work.run(() => endStaging(connection, staged, scope, records));
        report({ type: "load.staged", task, rows: rows.rows, rejected: rows.rejected });
        return this.#merges.run(() => this.#work.run(() => mergeLoad(connection, request, evidence, rows, context)));
      }, signal);
    } finally {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  }

  async reconcileWindow(request: WindowRequest, context: TaskContext): Promise<LoadResult> {
    const { path } = this.#options;
    const database = await this.#openMade();
    return this.#merges.run(() =>
      database.connection((connection) => reconcileWindow(connection, path, request, context), context.signal),
    );
  }

  async assertLoaded(loadIds: readonly string[]): Promise<void> {
    const { path } = this.#options;
    await (await this.#openMade()).connection((connection) => checkLoads(connection, path, loadIds));
  }

  async commit(commit: Commit): Promise<void> {
    const { path } = this.#options;
    await (await this.#openMade()).connection((connection) => writeCommit(connection, path, commit));
  }

  async publish(runId: string, context: TaskContext): Promise<Published> {
    const { path: database, published: folder } = this.#options;
    return (await this.#openMade()).connection(
      (connection) => publishMarts(connection, { folder, database, runId }, context),
      context.signal,
    );
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database)?.close();
    this.#clearStaging();
  }

  /** A folder of its own for a load. */
  #makeStaging(): string {
    try {
      makeFolder(this.#staging);
      return mkdtempSync(join(this.#staging, stagingPrefix));
    } catch (error) {
      throw stagingFailure(this.#staging, error);
    }
  }

  /** Removes what loads have left, and nothing of anybody else's. */
  #clearStaging(): void {
    if (!statSync(this.#staging, { throwIfNoEntry: false })?.isDirectory()) return;
    for (const name of readdirSync(this.#staging).filter((one) => one.startsWith(stagingPrefix)))
      rmSync(join(this.#staging, name), { recursive: true, force: true });
    removeEmpty([this.#staging]);
  }

  /** Looks at the file without changing it; `none` where it is none, or of a version before the one that has what is read. */
  async #look<T>(none: T, read: (connection: DuckDBConnection) => Promise<T>, since = 1): Promise<T> {
    const { path, relations } = this.#options;
    if (!(await this.exists())) return none;
    return readFile(path, async (connection) => {
      const version = await currentVersion(connection, path, ownMigrations(), relations);
      return version < since ? none : read(connection);
    });
  }

  /** Reads what this process has open; else only looks at the file. */
  async #lookOrRead<T>(none: T, read: (connection: DuckDBConnection) => Promise<T>, since = 1): Promise<T> {
    return this.#database === undefined ? this.#look(none, read, since) : this.#read(none, read);
  }

  async #read<T>(none: T, read: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#database === undefined && !(await this.exists())) return none;
    return (await this.#open()).connection(read);
  }

  /** The file that this run has loaded into, and no new one. */
  async #openMade(): Promise<Database> {
    const { path } = this.#options;
    const database = await this.#open(Database.openMade).catch((error: unknown) => {
      // Whatever is there now, it is not what this run has loaded into.
      const isOther =
        error instanceof PipelineError && error.code !== "warehouse_locked" && exitCodeOf(error.code) === 2;
      throw isOther ? warehouseGone(path) : error;
    });
    database.assertInPlace();
    return database;
  }

  async #open(open: (options: DatabaseOptions) => Promise<Database> = Database.open): Promise<Database> {
    this.#database ??= open(this.#options).then((database) => {
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
