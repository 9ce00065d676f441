import * as z from "zod";
import type { CompanyName, NameNote } from "../../run/name-notes.ts";
import { dbtNode } from "../../run/schemas.ts";
import type { SourceIndex } from "../health/health.ts";
import { measuredNames, type Timing } from "../plan/pace.ts";
import type { Scope, ScopedWindow } from "../scope/scope.ts";
import { type Cost, landedFormats, rateClasses, strategyChoices, strategyNames } from "../scope/strategy.ts";
import type { CompanyState, CompanyWindow } from "../window/window.ts";

// The small JSON values that steps take and give.

/** Days in UTC as `YYYY-MM-DD`, both ends included. */
export const window = z.object({ from: z.string(), to: z.string() });
export const names = z.array(z.string());

export const company = z.object({ company: z.string(), names });
export const companyWindow = company.extend({ window, why: z.string() }) satisfies z.ZodType<CompanyWindow>;

const nameDays = z.object({ name: z.string(), days: z.array(window).readonly() });
export const companyState = company.extend({
  loadedFrom: z.string(),
  loadedThrough: z.string(),
  loaded: z.array(nameDays),
}) satisfies z.ZodType<CompanyState>;

/** A file of everything that a user has. */
const importedFile = z.object({
  path: z.string(),
  format: z.enum(["bulk-zip", "bulk-csv"]),
  bytes: z.number(),
  /** The day in UTC whose index it shows. */
  day: z.string(),
});
export type ImportedFile = z.infer<typeof importedFile>;

/** The source's file of everything. */
export const bulkFacts = z.object({
  /** The day in UTC whose index it shows: that of its `Last-Modified`. */
  day: z.string(),
  bytes: z.number(),
  rows: z.number(),
  /** The newest day on which a complaint in it was received; null where none is. */
  newest: z.string().nullable(),
});
export type BulkFacts = z.infer<typeof bulkFacts>;

const scope = company.extend({
  id: z.string(),
  window,
  strategy: z.enum(strategyNames),
}) satisfies z.ZodType<Scope>;

/** The source's index, with what it says of itself. */
export const sourceIndex = z.object({
  rows: z.number().nullable(),
  lastIndexed: z.string().nullable(),
  isStale: z.boolean(),
  hasIssue: z.boolean(),
}) satisfies z.ZodType<SourceIndex>;

/** Which withdrawals a run carries out: those of a usual number, all of them, or none, where the source is not well. */
export const withdrawals = z.enum(["usual", "all", "none"]);
export type Withdrawals = z.infer<typeof withdrawals>;

/** What one load reads, for a run. */
export const loadRequest = z.object({
  scope,
  /** All days that the run reads of the company: the scope is all of them, or a part. */
  window,
  runId: z.string(),
  /** Whose complaints they are: the identity of the source. */
  source: z.string(),
  withdrawals,
  /** The user's file that is loaded, which may not have every complaint of its days. */
  file: importedFile.optional(),
});
export type LoadRequest = z.infer<typeof loadRequest>;

const fieldRows = z.array(z.object({ field: z.string(), rows: z.number() }));
/** What a load's rows had and lacked, against the fields that are known. */
const sourceFields = z.object({
  /** Keys that are no column; they are kept in `_extra`. */
  unknown: names,
  /** Columns that rows lacked, and how many; what is stored of them is kept. */
  missing: fieldRows,
  /** Columns that had values and are null in every row; what is stored of them is kept. */
  emptied: fieldRows,
  /** Answers of companies that are none of the known ones. */
  responses: names,
});
export type SourceFields = z.infer<typeof sourceFields>;

/** What one load did. */
export const loadResult = z.object({
  loadId: z.string(),
  /** Number of the load in the ledger. */
  loadNo: z.number(),
  expected: z.number(),
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
  unchanged: z.number(),
  rejected: z.number(),
  /** Live rows that the source no longer shows, and that stay until their whole window is reconciled. */
  held: z.number(),
  fields: sourceFields,
});
export type LoadResult = z.infer<typeof loadResult>;

/** What the source said of the rows that it sent: the evidence that a load is reconciled with. */
const evidence = z.object({
  /** `hits.total`, summed over the groups of names; null of a closed file, whose records are counted up to its end. */
  expected: z.number().nullable(),
  /** `_meta.last_indexed` of the index that was read. */
  lastIndexed: z.string().nullable(),
  /** The UTC day on which the source was asked, for whatever days; of a closed file the day that it shows. */
  askedOn: z.string(),
});
export type Evidence = z.infer<typeof evidence>;

/** A file of rows as the source sent them, whole. */
const landedFile = z.object({
  path: z.string(),
  format: z.enum(landedFormats),
  /** Null where that is not known before it is read. */
  rows: z.number().nullable(),
  bytes: z.number(),
  /** Hexadecimal; null of a file that has a check sum of its own. */
  sha256: z.string().nullable(),
});
export type LandedFile = z.infer<typeof landedFile>;

/** What the first half of `extract_and_load_complaints` gives to the second: landed files in order, their paths within a folder. */
export const landed = z.object({ folder: z.string(), files: z.array(landedFile), evidence });
export type Landed = z.infer<typeof landed>;

/** A run that is retried: what it has loaded, or others since, is not read again. */
export const retriedRun = z.object({
  /** The run, and those that it was a retry of. */
  runIds: names,
  /** When the first of them began, as an ISO instant. */
  since: z.string(),
  /** The last day that it was to read. */
  asOf: z.string(),
  /** Whether loads of other runs do the same: not where it was to read other days than they do. */
  acceptsOtherLoads: z.boolean(),
});
export type RetriedRun = z.infer<typeof retriedRun>;

/** A load that an earlier run committed. */
export const committedLoad = company.extend({
  /** The id of its scope; the company's text where it read, or reconciled, a whole window. */
  scope: z.string(),
  window,
  result: loadResult,
});
export type CommittedLoad = z.infer<typeof committedLoad>;

/** How many rows of some days are here and at the source, of days that a run did not read. */
export const outside = window.extend({
  here: z.number(),
  there: z.number(),
  /** Names with other numbers of rows here and there. */
  differing: z.array(z.object({ name: z.string(), here: z.number(), there: z.number() })),
  /** Names that the source's list left out: how many rows they have there is not known, and they count in neither number. */
  unknown: names,
});
export type Outside = z.infer<typeof outside>;

/** Whether there are loads, or a dbt project, that the marts do not show. */
export const pendingBuild = z.object({ isPending: z.boolean(), reason: z.string() });
export type PendingBuild = z.infer<typeof pendingBuild>;

export const dbtResult = z.object({
  state: z.enum(["Completed", "Failed"]),
  models: z.number(),
  tests: z.number(),
  /** Nodes and checks that failed. Under a dbt of the user's own, of a node that failed its checks that warn are among them. */
  failures: z.number(),
  warnings: z.number(),
  /** Every node that ran, with its status and time. */
  nodes: z.array(dbtNode),
  /** The nodes that failed. */
  failed: z.array(dbtNode),
  /** The tables of the schema marts in the project. */
  marts: names,
});
export type DbtResult = z.infer<typeof dbtResult>;

export const commit = z.object({
  runId: z.string(),
  /** What is remembered of companies from now on. */
  companies: z.array(
    z.object({ company: z.string(), loadId: z.string(), state: companyState.omit({ company: true }) }),
  ),
  /** The loads behind this commit: nothing is committed where the ledger lacks one. */
  loadIds: names,
  /** The source's index as the run found it, and whose it is; null where it was not looked at. */
  index: sourceIndex.pick({ rows: true, lastIndexed: true }).extend({ source: z.string() }).nullable(),
  /** The tables that dbt has just made for readers, and the project they are made of; null where dbt had nothing to do. */
  built: z.object({ project: z.string(), marts: names }).nullable(),
});
export type Commit = z.infer<typeof commit>;

/** What readers see after a run. */
export const published = z.object({
  /** Name of the current snapshot; null where there is none. */
  snapshot: z.string().nullable(),
  tables: z.number(),
  /** Rows of each table. */
  rows: z.record(z.string(), z.number()),
  /** Why none was made: the current one is up to date, or there is nothing to publish. */
  reason: z.string().nullable(),
});
export type Published = z.infer<typeof published>;

const cost = z.object({
  requests: z.record(z.enum(rateClasses), z.number()),
  bytes: z.number(),
}) satisfies z.ZodType<Cost>;

const plannedScope = scope.extend({
  /** Rows that the source is likely to show in these days now; of a whole window it is their number. */
  expected: z.number(),
  cost,
});
export type PlannedScope = z.infer<typeof plannedScope>;

/** A window with the scopes that it is read in: days that follow each other, in their order. */
export const plannedWindow = companyWindow.extend({ scopes: z.array(plannedScope) });
export const scopedWindow = companyWindow.extend({ scopes: z.array(scope) }) satisfies z.ZodType<ScopedWindow>;
export type PlannedWindow = z.infer<typeof plannedWindow>;

/** How windows are read. */
export const schedule = z.object({
  windows: z.array(plannedWindow),
  /** How many scopes of each strategy are read at once. */
  lanes: z.record(z.enum(strategyNames), z.number()),
  /** The file of everything, where scopes are read from it. */
  file: bulkFacts
    .omit({ newest: true })
    .extend({
      /** It was fetched before. */
      isHere: z.boolean(),
      /** What was loaded from a later index: it changes nothing there. */
      later: z.array(z.object({ company: z.string(), window })),
    })
    .nullable(),
  /** Milliseconds until all of it is read, under the source's limits and as it answers. */
  etaMs: z.number(),
  /** Milliseconds of the answer that takes longest. */
  longestMs: z.number(),
  /** Why it is read so. */
  reason: z.string(),
  /** Requests that it took to plan. */
  counts: z.number(),
});
export type Schedule = z.infer<typeof schedule>;

const timing = z.object({ rows: z.number(), ms: z.number() }) satisfies z.ZodType<Timing>;

/** What decides how windows are read. */
export const planSettings = z.object({
  /** Identity of the source (`source-identity.ts`). */
  source: z.string(),
  strategy: z.enum(strategyChoices),
  /** How many requests of each class the source takes in a minute; null where there is no limit. */
  limits: z.record(z.enum(rateClasses), z.number().nullable()),
  /** How long answers took in earlier runs. */
  timings: z.partialRecord(z.enum(measuredNames), timing),
});
export type PlanSettings = z.infer<typeof planSettings>;

const companyName = z.object({ name: z.string(), count: z.number() }) satisfies z.ZodType<CompanyName>;

/** What is worth saying of the names of a text. */
export const nameNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("vanished"), names, all: z.boolean() }),
  z.object({ kind: z.literal("added"), names: z.array(companyName) }),
  z.object({ kind: z.literal("equal"), name: companyName, kept: names }),
  z.object({ kind: z.literal("equal_gone"), name: z.string(), others: z.array(companyName) }),
  z.object({ kind: z.literal("moved"), name: z.string(), to: z.string() }),
]) satisfies z.ZodType<NameNote>;

export const windowSettings = z.object({
  startDate: z.string(),
  asOf: z.string(),
  lookBackDays: z.number(),
  resetState: z.boolean(),
  /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
  backfill: window.nullable(),
});
