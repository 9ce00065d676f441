import type { RunReport } from "../pipeline/report/report.ts";
import type { ErrorFacts } from "../run/errors.ts";
import type { DbtNode, RunEvent } from "../run/events.ts";
import type { State } from "../run/states.ts";
import type { Lease } from "./lease.ts";
/** A run, as lists show it. Times are epoch milliseconds. */
export type RunRow = {
  no: number;
  id: string;
  name: string;
  state: State;
  trigger: string;
  startedAt: number;
  endedAt: number | null;
  asOf: string;
  source: string;
  database: string;
  rows: number | null;
  changed: number | null;
  requests: number | null;
  bytes: number | null;
  errorCode: string | null;
  /** The last heartbeat of a run that is not over, where that is long ago. */
  unheardSince: number | null;
};

/** A task of a run. */
export type TaskRow = {
  name: string;
  /** The step that it runs. */
  step: string;
  /** The company that it is for; null of a task that is done once. */
  company: string | null;
  /** The scope that it is for; that is the company where its whole window is one. */
  scope: string | null;
  state: State;
  attempts: number;
  startedAt: number | null;
  endedAt: number | null;
  reason: string | null;
  error: ErrorFacts | null;
  rows: number;
  bytes: number;
  requests: number;
  waitedMs: number;
  /** Requests that the source refused because there were too many. */
  throttled: number;
  cpuMs: number | null;
  peakRss: number | null;
};

/** One attempt of a task; `waitMs` is the wait after it. */
export type AttemptRow = {
  task: string;
  number: number;
  state: State;
  startedAt: number;
  endedAt: number | null;
  waitMs: number | null;
  error: TaskRow["error"];
};

/** Everything that is kept of a run, but its log. */
export type RunDetail = RunRow & {
  settings: Record<string, unknown>;
  lease: Lease;
  tasks: TaskRow[];
  attempts: AttemptRow[];
  nodes: DbtNode[];
  usage: { cpuMs: number; peakRss: number } | null;
  /** Who was told of this run. */
  notices: DeliveryRow[];
  report: RunReport | null;
};

/** Which runs a list has. */
export type RunFilter = {
  states?: readonly State[];
  trigger?: string;
  /** Milliseconds since 1970. */
  since?: number;
  /** Only runs before this one: the last of the page before. */
  before?: number;
  limit: number;
};

/** Which lines of a log. */
export type LogFilter = {
  task?: string;
  level?: number;
  since?: number;
  after?: number;
  /** A text that the event's facts hold, whatever its case. */
  search?: string;
  limit: number;
};
/** What the process and dbt used at a time; CPU since the run's start. */
export type ResourceUsage = { at: number; cpuMs: number; rss: number };
/** An event of a run, with its number in the log. */
export type LogLine = { seq: number; level: number; event: RunEvent };

/** A run that begins. */
export type NewRun = {
  id: string;
  flow: string;
  trigger: string;
  startedAt: number;
  asOf: string;
  source: string;
  database: string;
  /** What it was asked to do, as JSON, so that it can be done again. */
  settings: object;
};

/** A start that was refused before it was a run. */
export type RefusedStart = { runId: string; at: number; trigger: string; code: string; message: string; next: string };

/** An ended run, as far as statistics need it. */
export type EndedRow = Pick<RunRow, "state" | "startedAt" | "endedAt" | "rows" | "changed" | "requests">;

/** A task over many runs: the median of its times, and the most memory of the process while it ran. */
export type TaskTime = { task: string; runs: number; p50Ms: number; maxRss: number | null };

/** The state of a delivery; it has failed when it is not tried again. */
type DeliveryState = "pending" | "sent" | "failed";

/** One line of `runs inspect`. */
export type DeliveryRow = {
  kind: string;
  channel: string;
  state: DeliveryState;
  attempts: number;
  error: string | null;
};

/** A run that is over, with what a notice about it says. Times are ISO instants. */
export type NoticedRun = {
  id: string;
  name: string;
  state: State;
  trigger: string;
  startedAt: string;
  endedAt: string | null;
  errorCode: string | null;
  report: RunReport | null;
};

/** A notice that has not reached everybody. `attempts` counts how often it was tried before. */
export type PendingDelivery = { noticeNo: number; channel: string; attempts: number; message: string };

/** A notice that somebody is to be told. `incident` is the same for what is told once. */
export type NewNotice = {
  id: string;
  kind: string;
  incident: string;
  runId: string | null;
  at: number;
  message: string;
};

/** An answer of the source that was landed. */
export type Landing = { strategy: string; rows: number; ms: number };
