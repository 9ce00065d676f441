import * as z from "zod";
import type { CompanyName, NameNote } from "../../run/name-notes.ts";
import { dbtNode, errorFacts } from "../../run/schemas.ts";
import type { CompanyState, CompanyWindow } from "../window/window.ts";

/** Days in UTC as `YYYY-MM-DD`, both ends included. */
const window = z.object({ from: z.string(), to: z.string() });
const names = z.array(z.string());

const company = z.object({ company: z.string(), names });
const companyWindow = company.extend({ window, why: z.string() }) satisfies z.ZodType<CompanyWindow>;

const nameDays = z.object({ name: z.string(), days: z.array(window).readonly() });
const companyState = company.extend({
  loadedFrom: z.string(),
  loadedThrough: z.string(),
  loaded: z.array(nameDays),
}) satisfies z.ZodType<CompanyState>;

/** What one load reads: a company's names in its window, for a run. */
const loadRequest = companyWindow.extend({
  runId: z.string(),
  /** Whose complaints they are: the identity of the source. */
  source: z.string(),
  acceptWithdrawals: z.boolean(),
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

/** What one company's load did. */
const loadResult = z.object({
  loadId: z.string(),
  /** Number of the load in the ledger. */
  loadNo: z.number(),
  expected: z.number(),
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
  unchanged: z.number(),
  rejected: z.number(),
  fields: sourceFields,
});
export type LoadResult = z.infer<typeof loadResult>;

/** What the source said of the rows that it sent: the evidence that a load is reconciled with. */
const evidence = z.object({
  /** `hits.total`, summed over the groups of names. */
  expected: z.number(),
  /** `_meta.last_indexed` of the index that was read. */
  lastIndexed: z.string().nullable(),
  /** The UTC day on which the source was asked, for whatever days. */
  askedOn: z.string(),
});
export type Evidence = z.infer<typeof evidence>;

/** What the first half of `extract_and_load_complaints` gives to the second: landed files by their names in a folder, in order. */
export const landed = z.object({ folder: z.string(), files: names, evidence });
export type Landed = z.infer<typeof landed>;

/** A run that is retried: what it has loaded, or others since, is not read again. */
const retriedRun = z.object({
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
const committedLoad = company.extend({ window, result: loadResult });
export type CommittedLoad = z.infer<typeof committedLoad>;

/** How many rows of some days are here and at the source, of days that a run did not read. */
const outside = window.extend({
  here: z.number(),
  there: z.number(),
  /** Names with other numbers of rows here and there. */
  differing: z.array(z.object({ name: z.string(), here: z.number(), there: z.number() })),
  /** Names that the source's list left out: how many rows they have there is not known, and they count in neither number. */
  unknown: names,
});
export type Outside = z.infer<typeof outside>;

/** Whether there are loads, or a dbt project, that the marts do not show. */
const pendingBuild = z.object({ isPending: z.boolean(), reason: z.string() });
export type PendingBuild = z.infer<typeof pendingBuild>;

const dbtResult = z.object({
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

const commit = z.object({
  runId: z.string(),
  /** What is remembered of companies from now on. */
  companies: z.array(
    z.object({ company: z.string(), loadId: z.string(), state: companyState.omit({ company: true }) }),
  ),
  /** The loads behind this commit: nothing is committed where the ledger lacks one. */
  loadIds: names,
  /** The tables that dbt has just made for readers, and the project they are made of; null where dbt had nothing to do. */
  built: z.object({ project: z.string(), marts: names }).nullable(),
});
export type Commit = z.infer<typeof commit>;

/** What readers see after a run. */
const published = z.object({
  /** Name of the current snapshot; null where there is none. */
  snapshot: z.string().nullable(),
  tables: z.number(),
  /** Rows of each table. */
  rows: z.record(z.string(), z.number()),
  /** Why none was made: the current one is up to date, or there is nothing to publish. */
  reason: z.string().nullable(),
});
export type Published = z.infer<typeof published>;

const plannedCompany = companyWindow.extend({
  /** Rows that the source shows in the window now. */
  expected: z.number(),
  strategy: z.literal("pages"),
  requests: z.number(),
  bytes: z.number(),
});
export type PlannedCompany = z.infer<typeof plannedCompany>;

const companyName = z.object({ name: z.string(), count: z.number() }) satisfies z.ZodType<CompanyName>;

/** What is worth saying of the names of a text. */
const nameNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("vanished"), names, all: z.boolean() }),
  z.object({ kind: z.literal("added"), names: z.array(companyName) }),
  z.object({ kind: z.literal("equal"), name: companyName, kept: names }),
  z.object({ kind: z.literal("equal_gone"), name: z.string(), others: z.array(companyName) }),
  z.object({ kind: z.literal("moved"), name: z.string(), to: z.string() }),
]) satisfies z.ZodType<NameNote>;

const windowSettings = z.object({
  startDate: z.string(),
  asOf: z.string(),
  lookBackDays: z.number(),
  resetState: z.boolean(),
  /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
  backfill: window.nullable(),
});

/**
 * The steps of a run, each with the JSON values that it takes and gives. They hold references to files, never rows. A step that is a `task`
 * shows in the history of the run; the others only look something up.
 */
export const steps = {
  /** Texts become exact names at the source. */
  resolve_companies: {
    task: true,
    input: z.object({ companies: names, known: z.array(company) }),
    output: z.object({
      companies: z.array(company),
      notes: z.array(z.object({ company: z.string(), note: nameNote })),
      lastIndexed: z.string().nullable(),
    }),
  },
  /** The days to read of each company, and why. */
  resolve_window: {
    task: true,
    input: z.object({ companies: z.array(company), states: z.array(companyState), settings: windowSettings }),
    output: z.object({ windows: z.array(companyWindow) }),
  },
  /** How each window is read: rows, requests, bytes. */
  plan: {
    task: true,
    input: z.object({ windows: z.array(companyWindow), pageSize: z.number() }),
    output: z.object({ companies: z.array(plannedCompany) }),
  },
  /** The loads that a retried run does not have to do again. */
  find_committed_loads: {
    task: false,
    input: z.object({ retryOf: retriedRun, source: z.string() }),
    output: z.object({ loads: z.array(committedLoad) }),
  },
  /** A company's rows, from the source into the warehouse: two halves, with {@link landed} between them. */
  extract_and_load_complaints: { task: true, input: loadRequest, output: loadResult },
  /** Compares the numbers of rows here and at the source in days that were not read. */
  compare_outside: {
    task: true,
    input: z.object({ ranges: z.array(z.object({ days: window, names })) }),
    output: z.object({ found: z.array(outside) }),
  },
  /** Whether dbt has something to do. */
  find_pending_build: { task: false, input: z.object({}), output: pendingBuild },
  /** dbt builds and tests the marts; the warehouse is closed meanwhile. */
  run_dbt_models: {
    task: true,
    input: z.object({}),
    output: dbtResult.extend({
      /** A fingerprint of the dbt project: the marts are built anew when it changes. */
      project: z.string(),
    }),
  },
  /** Fails with `warehouse_failed` where the ledger lacks one of these loads: the file is another one, or gone. */
  check_loads: { task: false, input: z.object({ loadIds: names }), output: z.null() },
  /** The watermarks move, and the ledger knows what the marts show, in one transaction. */
  commit_state: {
    task: true,
    input: commit.extend({
      /** False for a backfill, after which every watermark is where it was. */
      movesWatermarks: z.boolean(),
    }),
    output: z.null(),
  },
  /** Makes the marts the snapshot that readers see, unless it is of this very build. */
  publish: { task: true, input: z.object({ runId: z.string() }), output: published },
} as const;

export type StepName = keyof typeof steps;
export type StepInput<S extends StepName> = z.infer<(typeof steps)[S]["input"]>;
export type StepOutput<S extends StepName> = z.infer<(typeof steps)[S]["output"]>;

/** The name of a step as a task: with its key, the company that it is done for. */
export function taskName(step: StepName, key: string | null): string {
  return key === null ? step : `${step}[${key}]`;
}

/** How a step ended, as JSON: what {@link StepResult} says of a step's output. */
export function resultSchema<S extends StepName>(step: S) {
  const traffic = z.object({ requests: z.number(), bytes: z.number() });
  return z.object({
    output: steps[step].output.nullable(),
    error: errorFacts.nullable(),
    traffic,
    durationMs: z.number(),
  });
}
