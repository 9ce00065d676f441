import type { CompanyReport } from "../../pipeline/report/report.ts";
import type { ErrorFacts } from "../../run/errors.ts";
import type { DbtNode, RunEvent } from "../../run/events.ts";
import type { State } from "../../run/states.ts";

/** What the API answers, as far as the pages read it; the server's schemas say all of it (`/api/v1/openapi.json`). */
export type RunRow = {
  id: string;
  name: string;
  state: State;
  trigger: string;
  startedAt: string;
  endedAt: string | null;
  /** When it last said that it is there, where that is long ago and it is not over. */
  unheardSince: string | null;
  asOf: string;
  source: string;
  database: string;
  rows: number | null;
  changed: number | null;
  requests: number | null;
  bytes: number | null;
  errorCode: string | null;
};

export type RunDetail = RunRow & {
  settings: Record<string, unknown>;
  lease: { pid: number; host: string };
  lines: number;
  /** The run that has done since what this one left over. */
  doneBy: { id: string; name: string } | null;
  samples: { at: number; cpuMs: number; rss: number }[];
  tasks: {
    name: string;
    company: string | null;
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
    cpuMs: number | null;
    peakRss: number | null;
  }[];
  attempts: {
    task: string;
    number: number;
    state: State;
    startedAt: number;
    endedAt: number | null;
    waitMs: number | null;
  }[];
  nodes: DbtNode[];
  notices: {
    kind: string;
    channel: string;
    state: "pending" | "sent" | "failed";
    attempts: number;
    error: string | null;
  }[];
  report: { companies: CompanyReport[]; error: ErrorFacts | null } | null;
};

export type LogLine = { seq: number; level: number; event: RunEvent };

export type Overview = {
  home: string;
  configured: string[];
  completeThrough: string | null;
  companies: Pick<
    CompanyReport,
    "company" | "names" | "loadedThrough" | "expected" | "inserted" | "updated" | "deleted" | "state"
  >[];
  last: (RunRow & { words: string }) | null;
  next: { name: string; at: string; timezone: string } | null;
  runs: {
    id: string;
    name: string;
    state: State;
    trigger: string;
    startedAt: string;
    durationMs: number;
    changed: number | null;
  }[];
  attention: { level: "warning" | "failure"; what: string; next: string; runId: string | null }[];
};

export type Schedule = {
  name: string;
  cron: string;
  timezone: string;
  overlap: string;
  catchUp: string;
  paused: boolean;
  runOptions: string[];
  next: string[];
  past: { dueAt: string; outcome: string; runId: string | null }[];
};

export type Table = {
  snapshot: string;
  sql: string;
  columns: { name: string; type: string }[];
  rows: unknown[][];
  more: boolean;
  /** Whether the size of the result is why there are more. */
  isCut: boolean;
};

export type Trends = {
  runs: { at: string; runs: number; failed: number; p50Ms: number; maxMs: number; rows: number; changed: number }[];
  tasks: { task: string; runs: number; p50Ms: number; maxRss: number | null }[];
};

export type LineageNode = {
  name: string;
  kind: "model" | "seed" | "source";
  description: string;
  columns: { name: string; type: string; description: string }[];
  from: string[];
  tests: string[];
  sql: string;
};
