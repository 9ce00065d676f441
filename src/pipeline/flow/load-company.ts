import type { ErrorFacts } from "../../run/errors.ts";
import { changedRows } from "../load/reconcile.ts";
import type { Scope, ScopedWindow } from "../scope/scope.ts";
import type { Semaphore } from "../semaphore.ts";
import { earlier } from "../window/days.ts";
import type { CompanyWindow } from "../window/window.ts";
import { type Engine, type StepOptions, type StepResult, shortStep } from "./engine.ts";
import type { CommittedLoad, LoadResult, RetriedRun } from "./values.ts";

/** What decides how a company is loaded. */
export type LoadSettings = {
  runId: string;
  /** Identity of the source (`source-identity.ts`). */
  source: string;
  acceptWithdrawals: boolean;
  skipDbt: boolean;
  /** The run that is done again where it failed; null for a run of its own. */
  retryOf: RetriedRun | null;
  extractTimeoutMs: number;
};

/** How one scope ended. */
export type ScopeOutcome = Scope & {
  durationMs: number;
  result: LoadResult | null;
  error: ErrorFacts | null;
  /** False where an earlier run had loaded it, and this one did not ask for it. */
  isAsked: boolean;
};

/** How one company ended. Its window is complete where it has no error. */
export type CompanyOutcome = CompanyWindow & {
  scopes: ScopeOutcome[];
  /** What reconciled the scopes together; null where the window is one scope, or was not reconciled. */
  reconciled: LoadResult | null;
  error: ErrorFacts | null;
  /** The watermark that was committed. */
  loadedThrough: string | null;
};

/** The loads behind a company, in their order. One of an earlier run may have read the days of several scopes. */
export function loadsOf({ scopes, reconciled }: Pick<CompanyOutcome, "scopes" | "reconciled">): LoadResult[] {
  const loads = [...scopes.map(({ result }) => result), reconciled].filter((load) => load !== null);
  return [...new Map(loads.map((load) => [load.loadId, load])).values()];
}

/** What the loading of companies works with. */
type Loading = {
  engine: Engine;
  settings: LoadSettings;
  /** The loads that a retried run does not have to do again. */
  done: readonly CommittedLoad[];
  /** How many scopes are loaded at once. */
  turns: Semaphore;
  /** Ends a canceled run; gives every other result back. */
  unlessCancelled<T>(result: StepResult<T>): StepResult<T>;
};

/** One company's extraction and load. Its failure is a value, so that the others go on; a canceled run ends. */
export async function loadCompany(
  loading: Loading,
  { scopes: parts, ...window }: ScopedWindow,
): Promise<CompanyOutcome> {
  const isWhole = parts.length === 1;
  const scopes = await settleAll(parts.map((scope) => loading.turns.run(() => loadScope(loading, scope, isWhole))));
  // A load of an earlier run may have read through another day than is asked for now.
  const days = { from: scopes[0]!.window.from, to: scopes.at(-1)!.window.to };
  const outcome = { ...window, window: days, scopes, reconciled: null, loadedThrough: null };
  const error = scopes.find((scope) => scope.error !== null)?.error ?? null;
  const loadIds = loadsOf(outcome).map(({ loadId }) => loadId);
  // One load has reconciled all of its days.
  if (error !== null || loadIds.length === 1) return { ...outcome, error };
  const { settings, engine, unlessCancelled } = loading;
  const { runId, source, acceptWithdrawals } = settings;
  const { company, names } = window;
  const request = { company, names, window: days, loadIds, runId, source, acceptWithdrawals };
  const key = { company, scope: company };
  const reconciled = unlessCancelled(await engine.run("reconcile_window", key, request, shortStep));
  await announceChanges(loading, reconciled.output);
  return { ...outcome, reconciled: reconciled.output, error: reconciled.error };
}

async function loadScope(loading: Loading, scope: Scope, isWhole: boolean): Promise<ScopeOutcome> {
  const { settings, engine, unlessCancelled } = loading;
  const key = { company: scope.company, scope: scope.id };
  const before = doneBefore(loading, scope);
  if (before !== undefined) {
    engine.skip("extract_and_load_complaints", key, "loaded since by an earlier run");
    return { ...scope, window: before.window, durationMs: 0, result: before.result, error: null, isAsked: false };
  }
  const { runId, source, acceptWithdrawals, extractTimeoutMs: timeoutMs } = settings;
  const options: StepOptions = { timeoutMs, retry: "scope" };
  const request = { scope, isWhole, runId, source, acceptWithdrawals };
  const loaded = await engine.run("extract_and_load_complaints", key, request, options);
  const { output: result, error, durationMs } = unlessCancelled(loaded);
  await announceChanges(loading, result);
  return { ...scope, durationMs, result, error, isAsked: true };
}

/** Rows that changed make it certain that dbt will have work. */
async function announceChanges({ engine, settings }: Loading, result: LoadResult | null): Promise<void> {
  if (settings.skipDbt || result === null || changedRows(result) === 0) return;
  await engine.announce("run_dbt_models", null);
}

/**
 * The load of an earlier run that has read the days of a scope, of the very names. Through an earlier day than is asked for now it may be:
 * what was asked for then is done.
 */
function doneBefore({ done, settings }: Loading, { company, names, window }: Scope): CommittedLoad | undefined {
  const { retryOf } = settings;
  if (retryOf === null) return undefined;
  return done.find(
    (load) =>
      load.company === company &&
      load.names.join("\n") === names.join("\n") &&
      load.window.from <= window.from &&
      load.window.to >= earlier(window.to, retryOf.asOf),
  );
}

/** Like `Promise.all`, but rejects only when all are over: nothing may be closed under a task that still runs. */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
