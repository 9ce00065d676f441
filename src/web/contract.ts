import * as z from "zod";
import type { RunEvent } from "../run/events.ts";
import { dbtNode, errorFacts } from "../run/schemas.ts";
import { states } from "../run/states.ts";

// What the API answers: the server makes it, and the pages read it by these very types.

const state = z.enum(states);
const count = z.number();
/** Epoch milliseconds. */
const moment = z.number();

export const runRow = z.strictObject({
  id: z.string(),
  name: z.string(),
  state,
  trigger: z.string(),
  /** ISO instants. */
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  /** When it last said that it is there, where that is long ago and it is not over. */
  unheardSince: z.string().nullable(),
  asOf: z.string(),
  source: z.string(),
  database: z.string(),
  rows: count.nullable(),
  changed: count.nullable(),
  requests: count.nullable(),
  bytes: count.nullable(),
  errorCode: z.string().nullable(),
});
export type RunRow = z.infer<typeof runRow>;

const task = z.strictObject({
  name: z.string(),
  /** The step that it runs. */
  step: z.string(),
  /** The company that it is for; null of a task that is done once. */
  company: z.string().nullable(),
  /** The scope that it is for; that is the company where its whole window is one. */
  scope: z.string().nullable(),
  state,
  attempts: count,
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  reason: z.string().nullable(),
  error: errorFacts.nullable(),
  rows: count,
  bytes: count,
  requests: count,
  waitedMs: count,
  /** Requests that the source refused because there were too many. */
  throttled: count,
  cpuMs: count.nullable(),
  peakRss: count.nullable(),
});

const attempt = z.strictObject({
  task: z.string(),
  number: count,
  state,
  startedAt: moment,
  endedAt: moment.nullable(),
  waitMs: count.nullable(),
  error: errorFacts.nullable(),
});

const companyReport = z.looseObject({
  company: z.string(),
  names: z.array(z.string()),
  window: z.object({ from: z.string(), to: z.string(), why: z.string() }),
  expected: count,
  inserted: count,
  updated: count,
  deleted: count,
  unchanged: count,
  rejected: count,
  state,
  loadedThrough: z.string().nullable(),
  durationMs: count,
  error: errorFacts.nullable(),
});

const bytes = z.strictObject({ at: moment, cpuMs: count, rss: count });

export const runDetail = runRow.extend({
  settings: z.record(z.string(), z.unknown()),
  lease: z.looseObject({ host: z.string(), pid: count }),
  tasks: z.array(task),
  attempts: z.array(attempt),
  nodes: z.array(dbtNode),
  usage: z.strictObject({ cpuMs: count, peakRss: count }).nullable(),
  notices: z.array(
    z.strictObject({
      kind: z.string(),
      channel: z.string(),
      state: z.enum(["pending", "sent", "failed"]),
      attempts: count,
      error: z.string().nullable(),
    }),
  ),
  /** The document that the run ended with, as `pipeline run --json` prints it. */
  report: z
    .looseObject({
      companies: z.array(companyReport),
      error: errorFacts.nullable(),
      warnings: z.array(z.looseObject({ code: z.string(), message: z.string() })),
    })
    .nullable(),
  /** The run that has done since what this one left over. */
  doneBy: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
  /** Lines of its log, which are numbered from 1 without a gap. */
  lines: count,
  samples: z.array(bytes),
});
export type RunDetail = z.infer<typeof runDetail>;

const isEvent = (value: unknown) => z.looseObject({ type: z.string(), at: z.string() }).safeParse(value).success;

export const logLine = z.strictObject({
  seq: count,
  level: count,
  event: z.custom<RunEvent>(isEvent, "expected an event"),
});
export type LogLine = z.infer<typeof logLine>;

export const startedRun = z.strictObject({ runId: z.string() });
export const runState = z.strictObject({ state });

export const overview = z.strictObject({
  home: z.string(),
  configured: z.array(z.string()).readonly(),
  completeThrough: z.string().nullable(),
  companies: z.array(
    z.strictObject({
      ...{ company: z.string(), names: z.array(z.string()), loadedThrough: z.string().nullable() },
      ...{ expected: count, inserted: count, updated: count, deleted: count, state },
    }),
  ),
  /** The newest run, and how it ended in words. */
  last: runDetail.partial().extend(runRow.shape).extend({ words: z.string() }).nullable(),
  next: z.strictObject({ name: z.string(), at: z.string(), timezone: z.string() }).nullable(),
  runs: z.array(
    z.strictObject({
      ...{ id: z.string(), name: z.string(), state, trigger: z.string(), startedAt: z.string() },
      ...{ durationMs: count, changed: count.nullable() },
    }),
  ),
  attention: z.array(
    z.strictObject({
      ...{ level: z.enum(["warning", "failure"]), what: z.string(), next: z.string(), runId: z.string().nullable() },
    }),
  ),
});
export type Overview = z.infer<typeof overview>;

export const trends = z.strictObject({
  runs: z.array(
    z.strictObject({
      ...{ at: z.string(), runs: count, failed: count, p50Ms: count, maxMs: count, rows: count, changed: count },
    }),
  ),
  tasks: z.array(z.strictObject({ task: z.string(), runs: count, p50Ms: count, maxRss: count.nullable() })),
});
export type Trends = z.infer<typeof trends>;

export const schedule = z.strictObject({
  ...{ name: z.string(), cron: z.string(), timezone: z.string(), catchUp: z.string(), overlap: z.string() },
  ...{ jitterSeconds: count, lateAfterMinutes: count, runOptions: z.array(z.string()), paused: z.boolean() },
  next: z.array(z.string()),
  past: z.array(z.strictObject({ dueAt: z.string(), outcome: z.string(), runId: z.string().nullable() })),
});
export type Schedule = z.infer<typeof schedule>;

export const done = z.strictObject({ done: z.literal(true) });

export const table = z.strictObject({
  snapshot: z.string(),
  sql: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  more: z.boolean(),
  /** Whether the size of the result is why there are more. */
  isCut: z.boolean(),
});
export type Table = z.infer<typeof table>;

export const lineage = z.array(
  z.strictObject({
    name: z.string(),
    kind: z.enum(["model", "seed", "source"]),
    description: z.string(),
    columns: z.array(z.strictObject({ name: z.string(), type: z.string(), description: z.string() })),
    /** Names of what it is made of. */
    from: z.array(z.string()),
    tests: z.array(z.string()),
    sql: z.string(),
  }),
);
export type LineageNode = z.infer<typeof lineage>[number];
