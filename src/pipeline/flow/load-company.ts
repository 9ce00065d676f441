import { changedRows } from "../load/reconcile.ts";
import { type Done, partBefore, wholeBefore } from "../plan/done.ts";
import type { Scope, ScopedWindow } from "../scope/scope.ts";
import type { StrategyName } from "../scope/strategy.ts";
import type { Semaphore } from "../semaphore.ts";
import type { Window } from "../window/days.ts";
import type { CompanyWindow } from "../window/window.ts";
import { type Engine, type StepOptions, type StepResult, shortStep } from "./engine.ts";
import { type CompanyOutcome, loadsOf, type ScopeOutcome } from "./outcome.ts";
import type { StepKey } from "./steps.ts";
import type { CommittedLoad, ImportedFile, LoadResult, Withdrawals } from "./values.ts";

/** What decides how a company is loaded. */
export type LoadSettings = {
  runId: string;
  /** Identity of the source (`source-identity.ts`). */
  source: string;
  skipDbt: boolean;
  /** The user's file that is loaded in place of the source; null for every other run. */
  file: ImportedFile | null;
  extractTimeoutMs: number;
};

/** What the loading of companies works with. */
type Loading = {
  engine: Engine;
  settings: LoadSettings;
  withdrawals: Withdrawals;
  /** What earlier runs have loaded. */
  done: Done;
  /** How many scopes of each strategy are read at once. */
  lanes: Readonly<Record<StrategyName, Semaphore>>;
  /** Ends a canceled run; gives every other result back. */
  unlessCancelled<T>(result: StepResult<T>): StepResult<T>;
};

/** What may come of parts of several runs, and may be otherwise where one reads them all. */
const contradictions: ReadonlySet<string> = new Set([
  "reconcile_failed",
  "index_moved",
  "withdrawals_refused",
  "rows_unreadable",
]);

/** One company's extraction and load. Its failure is a value, so that the others go on; a canceled run ends. */
export async function loadCompany(loading: Loading, window: ScopedWindow): Promise<CompanyOutcome> {
  const outcome = await loadWindow(loading, window);
  const isReused = outcome.scopes.some(({ isAsked }) => !isAsked);
  // Parts of an earlier run and of this one may contradict each other: then all are read.
  const code = outcome.error?.code;
  if (!isReused || code === undefined || !contradictions.has(code)) return outcome;
  return loadWindow({ ...loading, done: { loads: [], retryOf: null } }, window);
}

async function loadWindow(loading: Loading, { scopes: parts, ...given }: ScopedWindow): Promise<CompanyOutcome> {
  const whole = wholeBefore(loading.done, given);
  // What was asked for then is done, through an earlier day than is asked for now it may be.
  const window = { ...given, window: whole?.window ?? given.window };
  const load = async (scope: Scope) => {
    const before = whole ?? partBefore(loading.done, scope);
    if (before !== undefined) return skipScope(loading, scope, before);
    return loading.lanes[scope.strategy].run(() => loadScope(loading, scope, given.window));
  };
  const scopes = await settleAll(parts.map(load));
  const outcome = { ...window, scopes, reconciled: null, loadedThrough: null };
  const error = scopes.find((scope) => scope.error !== null)?.error ?? null;
  if (error !== null || parts.length === 1 || whole !== undefined) return { ...outcome, error };
  const reconciled = await reconcileWindow(loading, given, loadsOf(outcome));
  return { ...outcome, reconciled: reconciled.output, error: reconciled.error };
}

async function reconcileWindow(
  loading: Loading,
  { company, names, window }: CompanyWindow,
  loads: readonly LoadResult[],
): Promise<StepResult<LoadResult>> {
  const { settings, withdrawals, engine, unlessCancelled } = loading;
  const { runId, source } = settings;
  const loadIds = loads.map(({ loadId }) => loadId);
  const request = { company, names, window, loadIds, runId, source, withdrawals };
  const reconciled = await engine.run("reconcile_window", { company, scope: company }, request, shortStep);
  await announceChanges(loading, reconciled.output);
  return unlessCancelled(reconciled);
}

async function loadScope(loading: Loading, scope: Scope, window: Window): Promise<ScopeOutcome> {
  const { settings, engine, unlessCancelled } = loading;
  const { runId, source, file, extractTimeoutMs: timeoutMs } = settings;
  const options: StepOptions = { timeoutMs, timeoutOf: "progress", retry: "scope" };
  const request = {
    scope,
    window,
    runId,
    source,
    withdrawals: loading.withdrawals,
    ...(file === null ? {} : { file }),
  };
  const loaded = await engine.run("extract_and_load_complaints", keyOf(scope), request, options);
  const { output: result, error, durationMs } = unlessCancelled(loaded);
  await announceChanges(loading, result);
  return { ...scope, durationMs, result, error, isAsked: true };
}

function skipScope({ engine }: Loading, scope: Scope, { window, result }: CommittedLoad): ScopeOutcome {
  engine.skip("extract_and_load_complaints", keyOf(scope), "loaded since by an earlier run");
  return { ...scope, window, durationMs: 0, result, error: null, isAsked: false };
}

function keyOf({ company, id }: Scope): StepKey {
  return { company, scope: id };
}

/** Rows that changed make it certain that dbt will have work. */
async function announceChanges({ engine, settings }: Loading, result: LoadResult | null): Promise<void> {
  if (settings.skipDbt || result === null || changedRows(result) === 0) return;
  await engine.announce("run_dbt_models", null);
}

/** Like `Promise.all`, but rejects only when all are over: nothing may be closed under a task that still runs. */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
