import type { DbtNode, Report } from "../../run/events.ts";
import type { CompanyName } from "../../run/name-notes.ts";
import type { State } from "../../run/states.ts";
import type { Clock } from "../clock.ts";
import type { Candidates } from "../names/names.ts";
import type { Day, Window } from "../window/days.ts";
import type { CompanyState, CompanyWindow, NameRows, WindowSettings } from "../window/window.ts";

/** What a step is given to work with. */
export type TaskContext = {
  /** Name of the task, for events. */
  task: string;
  signal: AbortSignal;
  /** 1 for the first attempt. */
  attempt: number;
  report: Report;
};

/** Runs one task: its attempts, its timeout, its states. A local and a distributed engine can both be this. */
export interface Tasks {
  /** Resolves with the task's result; rejects with its last error. */
  run<T>(name: string, options: TaskOptions, body: (context: TaskContext) => Promise<T>): Promise<T>;
  /** Records a task that has nothing to do. */
  skip(name: string, reason: string): void;
}

export type TaskOptions = { timeoutMs: number };

/** For what takes a few questions or statements. */
export const shortTask: TaskOptions = { timeoutMs: 600_000 };

/** What the source said of the rows that it sent. */
export type Extracted = {
  /** `hits.total`, summed over the walks. */
  expected: number;
  /** `_meta.last_indexed` of the index that was read. */
  lastIndexed: string | null;
  /** The UTC day on which the source was asked, for whatever days. */
  askedOn: Day;
};

/** Landed files of a company's rows, in order, each as soon as it is whole. */
export type Pages = AsyncGenerator<string, Extracted, void>;

/** Requests and bytes of a task or a run. */
export type Traffic = { requests: number; bytes: number };

export type FoundNames = {
  candidates: Candidates[];
  /** `_meta.last_indexed` of the index that was asked. */
  lastIndexed: string | null;
};

/** The source, as the flow needs it. */
export interface Source {
  /** The names at the source that each text may mean. */
  findNames(texts: readonly string[], context: TaskContext): Promise<FoundNames>;
  /** How many rows of the names and the window the source shows, for each group of names that is asked for by itself. */
  count(names: readonly string[], window: Window, context: TaskContext): Promise<number[]>;
  /** How many rows each name has in some days, all names together; `capped` where the source's list leaves names out. */
  countByName(days: Window, context: TaskContext): Promise<{ counts: CompanyName[]; capped: boolean }>;
  /** Lands all rows of the names and the window, page by page. */
  extract(company: string, names: readonly string[], window: Window, context: TaskContext): Pages;
  /** Removes the landed pages of a company. */
  discard(company: string): Promise<void>;
  readonly traffic: Traffic;
}

/** What one company's load did. */
export type LoadResult = {
  loadId: string;
  /** Number of the load in the ledger. */
  loadNo: number;
  expected: number;
  inserted: number;
  updated: number;
  deleted: number;
  unchanged: number;
  rejected: number;
  fields: SourceFields;
};

/** What a load's rows had and lacked, against the fields that are known. */
export type SourceFields = {
  /** Keys that are no column; they are kept in `_extra`. */
  unknown: string[];
  /** Columns that rows lacked, and how many; what is stored of them is kept. */
  missing: { field: string; rows: number }[];
  /** Columns that had values and are null in every row; what is stored of them is kept. */
  emptied: { field: string; rows: number }[];
  /** Answers of companies that are none of the known ones. */
  responses: string[];
};

/** A run that is retried: what it has loaded, or others since, is not read again. */
export type RetriedRun = {
  /** The run, and those that it was a retry of. */
  runIds: readonly string[];
  /** When the first of them began, as an ISO instant. */
  since: string;
  /** The last day that it was to read. */
  asOf: Day;
  /** Whether loads of other runs do the same: not where it was to read other days than they do. */
  acceptsOtherLoads: boolean;
};

/** A load that an earlier run committed. */
export type CommittedLoad = { company: string; names: string[]; window: Window; result: LoadResult };

export type LoadRequest = CompanyWindow & {
  runId: string;
  /** Whose complaints they are: the identity of the source. */
  source: string;
  acceptWithdrawals: boolean;
};

/** What dbt has not seen yet. */
export type PendingBuild = { isPending: boolean; reason: string };

export type Commit = {
  runId: string;
  /** What is remembered of companies from now on. */
  companies: { company: string; loadId: string; state: Omit<CompanyState, "company"> }[];
  /** The loads behind this commit: nothing is committed where the ledger lacks one. */
  loadIds: string[];
  /** The dbt project that has just been built, and the tables that it made for readers; null where dbt had nothing to do. */
  built: { project: string; marts: string[] } | null;
};

/** What readers see after a run. */
export type Published = {
  /** Name of the current snapshot; null where there is none. */
  snapshot: string | null;
  tables: number;
  /** Rows of each table. */
  rows: Record<string, number>;
  /** Why none was made: the current one is up to date, or there is nothing to publish. */
  reason: string | null;
};

/** The warehouse, as the flow needs it. Opens itself; closed so that dbt can have the file. */
export interface Warehouse {
  /**
   * Stages the pages as they come, each while the next one is fetched; then merges, reconciles and writes the ledger in one
   * transaction. Transactions take turns.
   */
  load(request: LoadRequest, pages: Pages, context: TaskContext): Promise<LoadResult>;
  /** The last load of each company that does what a run left over, if there is one, of this source. */
  loadsFor(retry: RetriedRun, source: string): Promise<CommittedLoad[]>;
  /** Live rows of each of the names in some days; a name without any is left out. */
  countRows(names: readonly string[], days: Window): Promise<NameRows[]>;
  /** True where there are changes, or a dbt project, that the marts do not show. */
  pendingBuild(project: string): Promise<PendingBuild>;
  /** True where the last load of each company read this very index: then it will hardly find changes. */
  hasLoadedIndex(index: string, companies: readonly string[]): Promise<boolean>;
  /** Throws `warehouse_failed` where the ledger lacks one of these loads: the file is another one, or gone. */
  assertLoaded(loadIds: readonly string[]): Promise<void>;
  commit(commit: Commit): Promise<void>;
  /** Makes the marts the snapshot that readers see, unless it is of this very build. */
  publish(runId: string, context: TaskContext): Promise<Published>;
  close(): Promise<void>;
}

export type DbtResult = {
  state: Extract<State, "Completed" | "Failed">;
  models: number;
  tests: number;
  /** Nodes and checks that failed. Under a dbt of the user's own, of a node that failed its checks that warn are among them. */
  failures: number;
  warnings: number;
  /** Every node that ran, with its status and time. */
  nodes: DbtNode[];
  /** The nodes that failed. */
  failed: DbtNode[];
  /** The tables of the schema marts in the project. */
  marts: string[];
};

/** dbt, as the flow needs it. */
export interface Transform {
  /** A fingerprint of the project: the marts are built anew when it changes. */
  project(): string;
  /** Starts dbt so that it is ready when it is needed; does nothing the second time. Never fails: `build` tells. */
  warmUp(report: Report): void;
  /** Builds and tests everything. The warehouse must be closed. */
  build(context: TaskContext): Promise<DbtResult>;
}

/** What decides the windows of a run. */
export type ResolveSettings = WindowSettings & {
  companies: readonly string[];
  /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
  backfill: Window | null;
};

/** What one run is asked to do. */
export type FlowSettings = ResolveSettings & {
  runId: string;
  /** Identity of the source (`source-identity.ts`). */
  source: string;
  acceptWithdrawals: boolean;
  skipDbt: boolean;
  /** The run that is done again where it failed; null for a run of its own. */
  retryOf: RetriedRun | null;
  extractTimeoutMs: number;
  dbtTimeoutMs: number;
};

/** Everything outside that the flow works with. */
export type Ports = {
  source: Source;
  warehouse: Warehouse;
  transform: Transform;
  tasks: Tasks;
  report: Report;
  clock: Clock;
};
