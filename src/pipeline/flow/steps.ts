import * as z from "zod";
import { errorFacts } from "../../run/schemas.ts";
import type { Scope } from "../scope/scope.ts";
import {
  bulkFacts,
  commit,
  committedLoad,
  company,
  companyState,
  companyWindow,
  dbtResult,
  loadRequest,
  loadResult,
  nameNote,
  names,
  outside,
  pendingBuild,
  plannedWindow,
  planSettings,
  published,
  retriedRun,
  schedule,
  scopedWindow,
  sourceIndex,
  window,
  windowSettings,
  withdrawals,
} from "./values.ts";

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
      index: sourceIndex,
    }),
  },
  /** The days to read of each company, and why. */
  resolve_window: {
    task: true,
    input: z.object({ companies: z.array(company), states: z.array(companyState), settings: windowSettings }),
    output: z.object({ windows: z.array(companyWindow) }),
  },
  /** How the windows are read: counted at the source, and cut into scopes. */
  plan: {
    task: true,
    input: z.object({
      windows: z.array(companyWindow),
      /** What earlier runs have loaded of them. */
      done: z.object({ loads: z.array(committedLoad), retryOf: retriedRun.nullable() }),
      settings: planSettings,
    }),
    output: schedule,
  },
  /** What earlier runs have loaded: all that a retried run did, or the parts of windows that no run has ended, as far as a look-back leaves them. */
  find_committed_loads: {
    task: false,
    input: z.object({ retryOf: retriedRun.nullable(), source: z.string(), companies: names, lookBackDays: z.number() }),
    output: z.object({ loads: z.array(committedLoad) }),
  },
  /** The file of everything, where windows have scopes that are read from it: they end at its newest day, and pages follow. */
  fetch_bulk_file: {
    task: true,
    input: z.object({ windows: z.array(plannedWindow) }),
    output: z.object({ file: bulkFacts, windows: z.array(scopedWindow) }),
  },
  /** The rows of a scope, from the source into the warehouse: two halves, with a `Landed` between them. */
  extract_and_load_complaints: { task: true, input: loadRequest, output: loadResult },
  /** Reconciles a window whose scopes are loaded: what they hold back is withdrawn, or refused, together. Not done where a window is one scope. */
  reconcile_window: {
    task: true,
    input: company.extend({
      window,
      /** The loads of its scopes. */
      loadIds: names,
      runId: z.string(),
      source: z.string(),
      withdrawals,
    }),
    output: loadResult,
  },
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

/** What a step is done for. */
export type StepKey = Pick<Scope, "company"> & { scope: Scope["id"] };

/** The name of a step as a task: with the scope that it is done for. */
export function taskName(step: StepName, key: StepKey | null): string {
  return key === null ? step : `${step}[${key.scope}]`;
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
