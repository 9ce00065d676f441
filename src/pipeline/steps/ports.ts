import type { Report } from "../../run/events.ts";
import type { CompanyName } from "../../run/name-notes.ts";
import type { Field } from "../dataset/complaints.ts";
import type { Traffic } from "../flow/engine.ts";
import type { StepInput } from "../flow/steps.ts";
import type {
  BulkFacts,
  Commit,
  CommittedLoad,
  DbtResult,
  Evidence,
  LandedFile,
  LoadRequest,
  LoadResult,
  PendingBuild,
  Published,
  RetriedRun,
} from "../flow/values.ts";
import type { SourceIndex } from "../health/health.ts";
import type { Candidates } from "../names/names.ts";
import type { Segment } from "../plan/days.ts";
import type { Scope } from "../scope/scope.ts";
import type { Cost, CountedNames, StrategyName } from "../scope/strategy.ts";
import type { Day, Window } from "../window/days.ts";

/** A window whose scopes are loaded. */
export type WindowRequest = StepInput<"reconcile_window">;

/** What an attempt of a step is given to work with. */
export type TaskContext = {
  /** Name of the task, for events. */
  task: string;
  signal: AbortSignal;
  /** 1 for the first attempt. */
  attempt: number;
  report: Report;
  /** What is asked of the source is counted here. */
  traffic: Traffic;
};

/** The landed files of a scope, in order, each as soon as it is whole; ends with what the source said of the rows in them. */
export type LandedFiles = AsyncGenerator<LandedFile, Evidence, void>;

/** What landed files are of, whatever the scope is called: of a source, by its identity. */
export type LandedScope = Pick<Scope, "names" | "window" | "strategy"> & { source: string };

/** What names the landed files of a start of a scope. */
export type LandingName = {
  /** What is read: a later start of the same goes on with the files that an earlier one left. */
  scope: LandedScope;
  /** Of this start alone: a late one never touches the files of the next. */
  start: string;
};

/** What the source says of its file of everything. */
export type BulkHead = {
  /** Tells one state of it from another; null where the source does not say. */
  etag: string | null;
  /** The day in UTC of its `Last-Modified`. */
  day: Day;
  bytes: number;
};

/** The source's file of everything. */
interface Bulk {
  /** What the source says of it now. */
  look(context: TaskContext): Promise<BulkHead>;
  /** What is known of the file that is here; null where there is none, or another one. */
  here(now: BulkHead): Promise<BulkFacts | null>;
  /** Fetches it where another one is here, or none, and reads it to its end. */
  fetch(context: TaskContext): Promise<BulkFacts>;
}

/** A way to read a scope from the source. */
export interface Strategy {
  /** Rows of an answer, at most. */
  readonly rowsPerRequest: number;
  /** What it takes to read rows of so many of each group of names. Asks nobody. */
  cost(counts: readonly CountedNames[]): Cost;
  /** Lands all rows of a scope, in a folder of this start, with the files of an earlier one as long as the source shows the same. */
  extract(scope: Scope, landing: LandingName, context: TaskContext): LandedFiles;
  /** Removes the landed files of one start. */
  discard(landing: LandingName): Promise<void>;
}

export type FoundNames = {
  candidates: Candidates[];
  /** The index that was asked. */
  index: SourceIndex;
};

/** The source, as the steps need it. */
export interface Source {
  /** The names at the source that each text may mean. */
  findNames(texts: readonly string[], context: TaskContext): Promise<FoundNames>;
  /**
   * How many rows of each list of names the source shows in some days, for each group of its names that fits into a request: one question for
   * all of them, unless the source's list leaves names out. `answerMs`: milliseconds that an answer took.
   */
  count(
    lists: readonly (readonly string[])[],
    days: Window,
    context: TaskContext,
  ): Promise<{ counts: CountedNames[][]; answerMs: number }>;
  /** How many rows each name has in some days, all names together; `capped` where the source's list leaves names out. */
  countByName(days: Window, context: TaskContext): Promise<{ counts: CompanyName[]; capped: boolean }>;
  strategies: Readonly<Record<StrategyName, Strategy>>;
  /** Null where none is known. */
  bulk: Bulk | null;
  /** The scopes of which an earlier start has landed files that may still be of use. */
  landedScopes(): Promise<LandedScope[]>;
}

/** How many rows have each value of a field. */
export type Distribution = { field: Field; values: { value: string | null; rows: number }[] };

/** What a plan looks up in the warehouse. */
export interface KnownRows {
  /** The loads that do what a run left over, of this source, newest first. */
  loadsFor(retry: RetriedRun, source: string): Promise<CommittedLoad[]>;
  /**
   * The loads of parts of windows that no run has ended, newest first: of these companies and this source, and of days that were so far back when they
   * were read that a look-back would leave them out.
   */
  unfinishedLoads(companies: readonly string[], source: string, lookBackDays: number): Promise<CommittedLoad[]>;
  /** The days of some that a load of names had read from an index of a later day than this. */
  daysOfLaterIndex(names: readonly string[], days: Window, day: Day): Promise<Window[]>;
  /** Live rows of the names on each of some days that has any, in the order of the days. */
  rowsByDay(names: readonly string[], days: Window): Promise<Segment[]>;
}

/** The warehouse, as the steps need it. Opens itself. */
export interface Warehouse extends KnownRows {
  /**
   * Stages the files as they come, each while the next one is fetched; then merges, reconciles and writes the ledger in one
   * transaction. Transactions take turns.
   */
  load(request: LoadRequest, files: LandedFiles, context: TaskContext): Promise<LoadResult>;
  /** Withdraws what the loads of a window's scopes hold back, unless it is too much, and writes that into the ledger, in one transaction. */
  reconcileWindow(request: WindowRequest, context: TaskContext): Promise<LoadResult>;
  /** Live rows of the names in some days by the values of some fields, the most frequent first; a value without any is left out. */
  distributions(names: readonly string[], days: Window, fields: readonly Field[]): Promise<Distribution[]>;
  /** Whether there are changes, or a dbt project, that the marts do not show. */
  pendingBuild(project: string): Promise<PendingBuild>;
  /** Whether the last load of each company read this very index: then it will hardly find changes. */
  hasLoadedIndex(index: string, companies: readonly string[]): Promise<boolean>;
  /** Throws `warehouse_failed` where the ledger lacks one of these loads: the file is another one, or gone. */
  assertLoaded(loadIds: readonly string[]): Promise<void>;
  commit(commit: Commit): Promise<void>;
  /** Makes the marts the snapshot that readers see, unless it is of this very build. */
  publish(runId: string, context: TaskContext): Promise<Published>;
  /** Gives it to `build` as long as that takes: nothing here has it open meanwhile. */
  handOver<T>(build: () => Promise<T>): Promise<T>;
}

/** dbt, as the steps need it. */
export interface Transform {
  /** A fingerprint of the project: the marts are built anew when it changes. */
  project(): string;
  /** Starts dbt so that it is ready when it is needed; does nothing the second time. Never fails: `build` tells. */
  warmUp(report: Report): void;
  /** Builds and tests everything. The warehouse is handed over. */
  build(context: TaskContext): Promise<DbtResult>;
}

/** Everything outside that the steps work with. */
export type Ports = { source: Source; warehouse: Warehouse; transform: Transform; report: Report };
