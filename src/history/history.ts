import type { RunReport } from "../pipeline/report/report.ts";
import type { ErrorFacts } from "../run/errors.ts";
import type { RunEvent } from "../run/events.ts";
import type { State } from "../run/states.ts";
import type {
  EndedRow,
  Landing,
  LogFilter,
  LogLine,
  NewNotice,
  NewRun,
  NoticedRun,
  PendingDelivery,
  RefusedStart,
  ResourceUsage,
  RunDetail,
  RunFilter,
  RunRow,
  TaskTime,
} from "./rows.ts";

/** What the runs of a home did: SQLite by default. Every implementation passes test/history/suite.ts. */
export interface HistoryStore {
  /** A run that is about to begin; nothing is written before {@link RunRecorder.begin}. */
  record(run: NewRun, options: RecordOptions): RunRecorder;
  /** Null where nothing was ever run. Throws `history_unusable`. */
  open(): Promise<History | null>;
  /** The history for as long as a server is up: it may not be there yet, and may be put in place anew. */
  keepOpen(): HistoryHandle;
  /** Who was told what. Null where nothing was ever run. */
  notices(): Promise<Notices | null>;
  /** What is damaged; null where nothing is. */
  damage(): Promise<string | null>;
  /** The file of the home that it is kept in, whether or not it is there; null where it is kept elsewhere. */
  readonly file: string | null;
  /** Writes a whole copy of the file, which others may be writing; does nothing where there is none. */
  copyTo(path: string): void;
}

export type RecordOptions = {
  /** Called once, when the history cannot be written any more: the run goes on without it (invariant 10). */
  warn(message: string): void;
  /** Called when somebody asked for the run to be cancelled. */
  onCancel(): void;
  /** Milliseconds that the end of a run waits for another process' write: there is no later. */
  endPatienceMs?: number;
};

/** Writes a run while it happens. Nothing that fails here reaches the run (invariant 10). */
export interface RunRecorder {
  /** The run holds the warehouse: from now on everybody can see it. */
  begin(): Promise<void>;
  /** Takes every event of the run, in the order of the calls; resolves when it is kept, or is tried again with the next one. */
  record(event: RunEvent): Promise<void>;
  /** The run was refused for its settings before it did anything: it was no run. A refusal may stay. */
  refuse(error: ErrorFacts): Promise<void>;
  /** The run's end. */
  finish(report: RunReport): Promise<void>;
  /** Nothing more is recorded. */
  close(): Promise<void>;
}

/** What the runs of a home did. Opening it says Crashed of every run whose process is gone. */
export interface History {
  /** Where it is, for people. */
  readonly place: string;
  /** True where it cannot be written: it is read as it is, and what was written last may be missing. */
  readonly isStale: boolean;
  list(filter: RunFilter): Promise<RunRow[]>;
  /** Runs whose id or name begins with a text, newest first; the newest one where it is empty. One that has the very text is the only one. */
  find(text: string): Promise<RunRow[]>;
  inspect(no: number): Promise<RunDetail>;
  /** Events of a run in their order. To follow it, ask for what comes `after` the last one. */
  logs(run: Pick<RunRow, "no" | "id">, filter: LogFilter): Promise<LogLine[]>;
  /** Lines of a run; they are numbered from 1 without a gap. */
  lineCount(no: number): Promise<number>;
  samples(no: number): Promise<ResourceUsage[]>;
  /** Runs by state, over all that is kept. */
  countByState(): Promise<{ state: State; runs: number }[]>;
  /** Ended runs since a time (epoch milliseconds), newest first, as far as statistics need them. */
  ended(since: number): Promise<EndedRow[]>;
  /** The median time of each task of completed runs since a time; of loads, over all scopes. */
  taskTimes(since: number): Promise<TaskTime[]>;
  /** How long the newest answers took that runs of a source landed, the newest first; of a strategy's name, 200 of all at most. */
  landings(source: string): Promise<Landing[]>;
  /** The state of a run as it is now. */
  stateOf(no: number): Promise<State>;
  /** Asks a run to stop: it looks several times a second. */
  requestCancel(no: number): Promise<void>;
  /** Removes ended runs that started before a time, or are beyond the newest so many, with all they have. Resolves to how many. */
  prune(limits: { before: number; keep: number }): Promise<number>;
  /** The start that was refused since a run last held the warehouse; null where none was. */
  refusal(): Promise<RefusedStart | null>;
  /** Notices that have not reached somebody. */
  undelivered(): Promise<{ kind: string; channel: string; error: string | null }[]>;
  /** Another text after every change, whoever made it. */
  version(): Promise<string>;
  /** Runs that say they are running and whose process is gone become Crashed. */
  findCrashed(): Promise<void>;
  close(): void;
}

/** A history that is opened when it is there. */
export interface HistoryHandle {
  /** Null where nothing was ever run. Throws `history_unusable`. */
  get(): Promise<History | null>;
  close(): void;
}

/** Who was told what, beside the runs. */
export interface Notices {
  /** What was told since all was well, the newest first. */
  openIncidents<Kind extends string>(): Promise<{ kind: Kind; incident: string }[]>;
  /** Whether a run before this one completed. */
  hadSuccess(runId: string): Promise<boolean>;
  /** The newest run that is over, where it crashed and nobody was told. `now` is epoch milliseconds. */
  unreportedCrash(now: number): Promise<NoticedRun | null>;
  /** Adds a notice for these channels; false where another process has told the same. */
  add(notice: NewNotice, channels: readonly string[]): Promise<boolean>;
  /** Takes the deliveries whose time has come; another process leaves them alone for a while. */
  take(now: number): Promise<PendingDelivery[]>;
  /** Writes what became of a delivery: sent where there is no error; `nextAt` null: given up. */
  settle(
    delivery: Pick<PendingDelivery, "noticeNo" | "channel">,
    outcome: { attempts: number; error: string | null; nextAt: number | null },
    now: number,
  ): Promise<void>;
  close(): void;
}
