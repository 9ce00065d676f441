import type { ErrorFacts } from "../../run/errors.ts";
import { type HealthSettings, type IndexState, type Trouble, troublesOf } from "../health/health.ts";
import { scopesToLoad, withoutPlan } from "../plan/scopes-to-load.ts";
import { fileWarning, troubleText, troubleWarning, type Warning } from "../report/warnings.ts";
import type { ScopedWindow } from "../scope/scope.ts";
import { Semaphore } from "../semaphore.ts";
import { type CompanyState, type CompanyWindow, nextState, type Remembered, withDays } from "../window/window.ts";
import { type Engine, type StepOptions, type StepResult, shortStep, type Traffic } from "./engine.ts";
import { type LoadSettings, loadCompany, settleAll } from "./load-company.ts";
import { type CompanyOutcome, loadsOf } from "./outcome.ts";
import { rangesOutside } from "./outside.ts";
import { type ResolveSettings, resolveWindows } from "./resolve.ts";
import { resolveImport } from "./resolve-import.ts";
import type { StepInput, StepKey, StepName, StepOutput } from "./steps.ts";
import type { DbtResult, Outside, Published, Schedule } from "./values.ts";

export const flowName = "cfpb-complaints-incremental";

/** What one run is asked to do. */
export type FlowSettings = ResolveSettings &
  LoadSettings & {
    /** Withdraws however many rows are gone. */
    acceptWithdrawals: boolean;
    health: HealthSettings;
    dbtTimeoutMs: number;
  };

export type DbtOutcome =
  | (DbtResult & { project: string; error: ErrorFacts | null })
  | { state: "Skipped"; reason: string; isBuildPending: boolean }
  /** dbt broke before it had results. */
  | { state: "Failed"; error: ErrorFacts };

/** What readers see after the run; null where the run did not get that far. */
export type PublishOutcome = Published | { error: ErrorFacts } | null;

/** What a run came to, as a JSON value. */
export type FlowOutcome = {
  companies: CompanyOutcome[];
  dbt: DbtOutcome;
  published: PublishOutcome;
  /** What was remembered before the run. */
  remembered: Remembered;
  /** Rows here and at the source in the days that were not read; null where that is not known. */
  outside: Outside[] | null;
  warnings: Warning[];
};

/** A run that was ended, or could load nothing at all; what failed beside something that did not is in the outcome. */
export type FlowResult = { traffic: Traffic } & (
  | { outcome: FlowOutcome; error: null }
  | { outcome: null; error: ErrorFacts }
);

/**
 * The run, top to bottom. It decides, and has an engine do everything else: nothing here waits, reads a clock, or touches what is outside,
 * so that the same function runs in this process and as a workflow elsewhere. Never rejects, but where it has a bug.
 */
export async function runFlow(given: Engine, settings: FlowSettings, remembered: Remembered): Promise<FlowResult> {
  const { engine, traffic } = counting(given);
  try {
    return { outcome: await runSteps(engine, settings, remembered), error: null, traffic };
  } catch (error) {
    if (!(error instanceof RunEnded)) throw error;
    return { outcome: null, error: error.facts, traffic };
  }
}

async function runSteps(engine: Engine, settings: FlowSettings, remembered: Remembered): Promise<FlowOutcome> {
  const states = remembered.companies;
  const { file } = settings;
  const resolved = await (file === null ? resolveWindows : resolveImport)(engine, settings, states, orEnd);
  const { schedule, done, index } = resolved;
  const troubles = index === null ? [] : troublesOf(index, indexBefore(remembered, settings.source), settings.health);
  if (troubles.length > 0 && settings.health.onTrouble === "hold") throw new RunEnded(sourceUnwell(troubles));
  const warnings = [...troubles.map(troubleWarning), ...resolved.warnings];
  if (!settings.skipDbt) {
    await engine.announce("run_dbt_models", {
      companies: schedule.windows.map(({ company }) => company),
      lastIndexed: index?.lastIndexed ?? null,
    });
  }

  const windows = await fetchFile(engine, settings, schedule, warnings);
  const { pages, export: exports, bulk } = schedule.lanes;
  const lanes = { pages: new Semaphore(pages), export: new Semaphore(exports), bulk: new Semaphore(bulk) };
  // A withdrawal needs evidence (invariant 12): a source that is not well gives none.
  const isEvidence = troubles.length === 0 && file === null;
  const withdrawals = !isEvidence ? "none" : settings.acceptWithdrawals ? "all" : "usual";
  const loading = { engine, settings, withdrawals, done, lanes, unlessCancelled } as const;
  const companies = await settleAll(windows.map((window) => loadCompany(loading, window)));
  const loaded = companies.filter(({ error }) => error === null);

  const isOfWindows = settings.backfill === null && file === null;
  const outside = isOfWindows ? await compareOutside(engine, loaded, states) : null;
  const dbt = await runDbt(engine, settings, loaded.length > 0);
  const loadIds = loaded.flatMap(loadsOf).map(({ loadId }) => loadId);
  if (loaded.length > 0 && dbt.state !== "Completed") await checkLoads(engine, loadIds, dbt);
  if (dbt.state === "Failed" || settings.skipDbt || loaded.length === 0) {
    const reason = loaded.length === 0 ? "nothing was loaded" : `dbt has not seen the loads (${dbt.state})`;
    engine.skip("commit_state", null, reason);
    engine.skip("publish", null, reason);
    return { companies, dbt, published: null, remembered, outside, warnings };
  }
  const committed = await commitState(engine, settings, states, loaded, { loadIds, index }, dbt);
  for (const company of loaded) company.loadedThrough = committed.get(company.company) ?? null;
  const published = await publish(engine, settings.runId);
  return { companies, dbt, published, remembered, outside, warnings };
}

/** Fetches the file of everything where scopes are read from it. What cannot be had is asked for, unless the file was. */
async function fetchFile(
  engine: Engine,
  { strategy, extractTimeoutMs: timeoutMs }: FlowSettings,
  { file, windows }: Schedule,
  warnings: Warning[],
): Promise<ScopedWindow[]> {
  if (file === null) return windows.map(withoutPlan);
  const options: StepOptions = { timeoutMs, timeoutOf: "progress", retry: "request" };
  const fetched = unlessCancelled(await engine.run("fetch_bulk_file", null, { windows }, options));
  if (fetched.error === null) return fetched.output.windows;
  if (strategy === "bulk") throw new RunEnded(fetched.error);
  warnings.push(fileWarning(fetched.error));
  return windows.map((window) => scopesToLoad(window, null));
}

/**
 * Compares how many rows are here and at the source in the days outside of the windows: one request for each range of days, whatever
 * companies there are. Nothing is loaded by it, and a source that does not answer changes no result: null then.
 */
async function compareOutside(
  engine: Engine,
  loaded: readonly CompanyWindow[],
  states: readonly CompanyState[],
): Promise<Outside[] | null> {
  const ranges = rangesOutside(loaded, states);
  if (ranges.length === 0) return [];
  const compared = unlessCancelled(await engine.run("compare_outside", null, { ranges }, shortStep));
  return compared.output?.found ?? null;
}

async function runDbt(engine: Engine, settings: FlowSettings, anyLoaded: boolean): Promise<DbtOutcome> {
  const skip = (reason: string, isBuildPending: boolean): DbtOutcome => {
    engine.skip("run_dbt_models", null, reason);
    return { state: "Skipped", reason, isBuildPending };
  };
  const { isPending, reason } = orEnd(await engine.run("find_pending_build", null, {}, shortStep));
  if (!anyLoaded) return skip("no company was loaded", isPending);
  if (settings.skipDbt) return skip("--skip-dbt", isPending);
  if (!isPending) return skip(reason, false);
  const options: StepOptions = { timeoutMs: settings.dbtTimeoutMs, timeoutOf: "step", retry: "never" };
  const { output, error } = unlessCancelled(await engine.run("run_dbt_models", null, {}, options));
  return output === null ? { state: "Failed", error: error! } : { ...output, error };
}

/** What dbt says of a warehouse that is gone is not what happened; what it says of one that cannot be opened now is. */
async function checkLoads(engine: Engine, loadIds: string[], dbt: DbtOutcome): Promise<void> {
  const checked = await engine.run("check_loads", null, { loadIds }, shortStep);
  if (checked.error?.code === "warehouse_failed" || dbt.state !== "Failed") orEnd(checked);
}

async function commitState(
  engine: Engine,
  settings: FlowSettings,
  states: readonly CompanyState[],
  loaded: readonly CompanyOutcome[],
  { loadIds, index }: { loadIds: string[]; index: IndexState | null },
  dbt: DbtOutcome,
): Promise<Map<string, string>> {
  const companies = loaded.flatMap((company) => {
    const before = states.find((state) => state.company === company.company);
    const state = stateAfter(company, settings, before);
    return state === null ? [] : [{ company: company.company, loadId: loadsOf(company).at(-1)!.loadId, state }];
  });
  const movesWatermarks = settings.backfill === null && settings.file === null;
  const commit = {
    runId: settings.runId,
    companies,
    loadIds,
    index: index === null ? null : { rows: index.rows, lastIndexed: index.lastIndexed, source: settings.source },
    built: dbt.state === "Completed" ? { project: dbt.project, marts: dbt.marts } : null,
    movesWatermarks,
  };
  orEnd(await engine.run("commit_state", null, commit, shortStep));
  return new Map(movesWatermarks ? companies.map(({ company, state }) => [company, state.loadedThrough]) : []);
}

/** A backfill says nothing of the days between it and the watermark: it moves none, and makes none. A file says nothing of any days. */
function stateAfter(
  company: CompanyOutcome,
  { backfill, resetState, file }: FlowSettings,
  state: CompanyState | undefined,
): Omit<CompanyState, "company"> | null {
  if (file !== null) return null;
  // What an earlier run had loaded joins what is remembered: only what was read anew may set it back.
  if (backfill === null) return nextState(company, state, resetState && company.scopes.some(({ isAsked }) => isAsked));
  return state === undefined ? null : withDays(state, company.names, company.window);
}

/** What is committed stands, whatever becomes of this. */
async function publish(engine: Engine, runId: string): Promise<PublishOutcome> {
  const { output, error } = unlessCancelled(await engine.run("publish", null, { runId }, shortStep));
  return error === null ? output : { error };
}

/** What the last run found of this very source. */
function indexBefore({ index }: Remembered, source: string): IndexState | null {
  return index?.source === source ? index : null;
}

function sourceUnwell(troubles: readonly Trouble[]): ErrorFacts {
  const what = troubles.map(troubleText).join("; ");
  return {
    code: "source_unwell",
    message: `The source is not well today: ${what}.`,
    data: "Nothing was loaded or changed.",
    next: "Run again when it is; or set sourceHealth.onTrouble to warn, which loads and withdraws nothing.",
  };
}

/** Ends the run from within it. */
class RunEnded extends Error {
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    super(facts.message);
    this.facts = facts;
  }
}

/** The output of a step without which the run cannot go on. */
function orEnd<T>(result: StepResult<T>): T {
  if (result.error !== null) throw new RunEnded(result.error);
  return result.output;
}

/** The result of a step whose failure the run survives. */
function unlessCancelled<T>(result: StepResult<T>): StepResult<T> {
  if (result.error?.code === "cancelled") throw new RunEnded(result.error);
  return result;
}

/** The same engine, and the traffic of all that it runs. */
function counting(engine: Engine): { engine: Engine; traffic: Traffic } {
  const traffic = { requests: 0, bytes: 0 };
  async function run<S extends StepName>(
    step: S,
    key: StepKey | null,
    input: StepInput<S>,
    options: StepOptions,
  ): Promise<StepResult<StepOutput<S>>> {
    const result = await engine.run(step, key, input, options);
    traffic.requests += result.traffic.requests;
    traffic.bytes += result.traffic.bytes;
    return result;
  }
  return {
    engine: {
      run,
      skip: (step, key, reason) => engine.skip(step, key, reason),
      announce: (step, hint) => engine.announce(step, hint),
    },
    traffic,
  };
}
