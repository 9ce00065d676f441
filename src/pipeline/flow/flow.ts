import { type ErrorFacts, factsOf, PipelineError } from "../../run/errors.ts";
import { changedRows } from "../load/reconcile.ts";
import { whyUnqueryable } from "../names/names.ts";
import { commandForRows, failureTexts } from "../report/checks.ts";
import type { Warning } from "../report/warnings.ts";
import { Semaphore } from "../semaphore.ts";
import { type CompanyState, type CompanyWindow, nextState, type Remembered, withDays } from "../window/window.ts";
import { compareOutside, type Outside, rangesOutside } from "./outside.ts";
import {
  type CommittedLoad,
  type DbtResult,
  type FlowSettings,
  type LoadResult,
  type Ports,
  type Published,
  shortTask,
} from "./ports.ts";
import { resolveWindows } from "./resolve.ts";

export const flowName = "cfpb-complaints-incremental";

/** How one company ended. */
export type CompanyOutcome = CompanyWindow & {
  durationMs: number;
  result: LoadResult | null;
  error: ErrorFacts | null;
  /** The watermark that was committed. */
  loadedThrough: string | null;
  /** False where an earlier run had loaded it, and this one did not ask for it. */
  isAsked: boolean;
};

export type DbtOutcome =
  | (DbtResult & { error: ErrorFacts | null })
  | { state: "Skipped"; reason: string; isBuildPending: boolean }
  /** dbt broke before it had results. */
  | { state: "Failed"; error: ErrorFacts };

/** What readers see after the run; null where the run did not get that far. */
export type PublishOutcome = Published | { error: ErrorFacts } | null;

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

/**
 * The run, top to bottom. Throws where nothing could be loaded at all or the run was cancelled; what failed beside
 * something that did not is in the outcome.
 */
export async function runFlow(ports: Ports, settings: FlowSettings, remembered: Remembered): Promise<FlowOutcome> {
  const { warehouse, transform, tasks, report } = ports;
  const states = remembered.companies;
  const { windows, warnings, lastIndexed } = await resolveWindows(ports, settings, states);
  // Python's imports and dbt's parsing take as long as the build itself: they go on while rows are extracted.
  if (!settings.skipDbt && (await dbtIsLikely(ports, windows, lastIndexed))) transform.warmUp(report);

  const done = settings.retryOf === null ? [] : await warehouse.loadsFor(settings.retryOf, settings.source);
  const semaphore = new Semaphore(companiesAtOnce);
  const companies = await settleAll(
    windows.map((window) => semaphore.within(() => loadCompany(ports, settings, window, done))),
  );
  const loaded = companies.filter((company) => company.result !== null);

  const outside = settings.backfill === null ? await compareOutside(ports, rangesOutside(loaded, states)) : null;
  const dbt = await runDbt(ports, settings, loaded.length > 0);
  const loadIds = loaded.map(({ result }) => result!.loadId);
  if (loaded.length > 0 && dbt.state !== "Completed") await assertHolds(ports, loadIds, dbt);
  if (dbt.state === "Failed" || settings.skipDbt || loaded.length === 0) {
    const reason = loaded.length === 0 ? "nothing was loaded" : `dbt has not seen the loads (${dbt.state})`;
    tasks.skip("commit_state", reason);
    tasks.skip("publish", reason);
    return { companies, dbt, published: null, remembered, outside, warnings };
  }
  const committed = await tasks.run("commit_state", shortTask, () =>
    commitState(ports, settings, states, loaded, loadIds, dbt),
  );
  for (const company of loaded) company.loadedThrough = committed.get(company.company) ?? null;
  const published = await publish(ports, settings.runId);
  return { companies, dbt, published, remembered, outside, warnings };
}

/** Whether dbt will have something to do, as far as can be told before the rows are read. Only when it starts depends on it. */
async function dbtIsLikely(
  { warehouse, transform }: Ports,
  windows: readonly CompanyWindow[],
  lastIndexed: string | null,
): Promise<boolean> {
  if (lastIndexed === null) return true;
  const companies = windows.map(({ company }) => company);
  return (
    !(await warehouse.hasLoadedIndex(lastIndexed, companies)) ||
    (await warehouse.pendingBuild(transform.project())).isPending
  );
}

/** The source takes a search every three seconds: more requests under way gain nothing, and each takes its memory. */
const companiesAtOnce = 3;

const stateOf = (states: readonly CompanyState[], company: string) => states.find((state) => state.company === company);

/** One company's extraction and load. Its failure is a value, so that the others go on; cancelling rejects. */
async function loadCompany(
  ports: Ports,
  settings: FlowSettings,
  window: CompanyWindow,
  done: readonly CommittedLoad[],
): Promise<CompanyOutcome> {
  const { source, warehouse, tasks, clock } = ports;
  const task = `extract_and_load_complaints[${window.company}]`;
  const started = clock.monotonic();
  const outcome = (result: LoadResult | null, error: ErrorFacts | null): CompanyOutcome => ({
    ...window,
    durationMs: Math.round(clock.monotonic() - started),
    result,
    error,
    loadedThrough: null,
    isAsked: true,
  });
  const before = done.find((load) => isDone(load, window));
  if (before !== undefined) {
    tasks.skip(task, "loaded since by an earlier run");
    return { ...outcome(before.result, null), window: before.window, isAsked: false };
  }
  try {
    const result = await tasks.run(task, { timeoutMs: settings.extractTimeoutMs }, async (context) => {
      refuseUnqueryable(window);
      try {
        const pages = source.extract(window.company, window.names, window.window, context);
        const { runId, source: identity, acceptWithdrawals } = settings;
        return await warehouse.load({ ...window, runId, source: identity, acceptWithdrawals }, pages, context);
      } finally {
        // What was loaded stays loaded, and what went wrong is told, whatever becomes of this.
        await source.discard(window.company).catch((error: unknown) => {
          const what = `the landed pages of ${window.company} could not be removed`;
          ports.report({ type: "upkeep.failed", what, reason: factsOf(error).message });
        });
      }
    });
    if (!settings.skipDbt && changedRows(result) > 0) ports.transform.warmUp(ports.report);
    return outcome(result, null);
  } catch (error) {
    if (error instanceof PipelineError && error.code === "cancelled") throw error;
    return outcome(null, factsOf(error));
  }
}

/** Whether a load read the days of a window, of the very names. It may have read up to an earlier day: what was asked for then is done. */
function isDone(load: CommittedLoad, { company, names, window }: CompanyWindow): boolean {
  return load.company === company && load.names.join("\n") === names.join("\n") && load.window.from <= window.from;
}

function refuseUnqueryable({ company, names }: CompanyWindow): void {
  for (const name of names) {
    const why = whyUnqueryable(name);
    if (why === null) continue;
    throw new PipelineError({
      code: "company_unaskable",
      message: `"${company}" means the name "${name}", which cannot be asked for exactly: ${why}.`,
      data: "Nothing of this company was read or changed; the other companies are loaded.",
      next: "Write the exact names that can be asked for in --companies or in pipeline.yaml (companies).",
    });
  }
}

async function runDbt(ports: Ports, settings: FlowSettings, anyLoaded: boolean): Promise<DbtOutcome> {
  const { warehouse, transform, tasks, report } = ports;
  const skip = (reason: string, isBuildPending: boolean): DbtOutcome => {
    tasks.skip("run_dbt_models", reason);
    return { state: "Skipped", reason, isBuildPending };
  };
  const { isPending, reason } = await warehouse.pendingBuild(transform.project());
  if (!anyLoaded) return skip("no company was loaded", isPending);
  if (settings.skipDbt) return skip("--skip-dbt", isPending);
  if (!isPending) return skip(reason, false);
  await warehouse.close();
  report({ type: "warehouse.closed" });
  try {
    const result = await tasks.run("run_dbt_models", { timeoutMs: settings.dbtTimeoutMs }, async (context) => {
      const built = await transform.build(context);
      if (built.state === "Failed") throw new DbtFailed(built);
      return built;
    });
    return { ...result, error: null };
  } catch (error) {
    if (error instanceof DbtFailed) return { ...error.result, error: factsOf(error) };
    if (error instanceof PipelineError && error.code === "cancelled") throw error;
    return { state: "Failed", error: factsOf(error) };
  }
}

/** A build with results in which something failed. */
class DbtFailed extends PipelineError {
  readonly result: DbtResult;

  constructor(result: DbtResult) {
    const troubles = result.failed.flatMap(failureTexts);
    const more = troubles.length > 3 ? ` and ${troubles.length - 3} more` : "";
    const show = commandForRows(result.failed);
    const isMemory = troubles.some((trouble) => /Out of Memory Error/.test(trouble));
    super({
      code: "dbt_failed",
      message: `dbt failed: ${troubles.slice(0, 3).join("; ")}${more}`.replace(/(?<!\.)$/, "."),
      data: "The loaded complaints are kept; the watermark stays where it was, and some marts may be older than others.",
      next:
        (isMemory
          ? "Give DuckDB more memory (`duckdb.memoryLimit`) or fewer threads (`duckdb.threads`) and run again"
          : "Fix the model or the data it complains about and run again") +
        ": the next run builds everything that is owed." +
        (show === null ? "" : ` Look at the rows: ${show}`),
    });
    this.result = result;
  }
}

/** What dbt says of a warehouse that is gone is not what happened; what it says of one that cannot be opened now is. */
async function assertHolds({ warehouse }: Ports, loadIds: readonly string[], dbt: DbtOutcome): Promise<void> {
  try {
    await warehouse.assertLoaded(loadIds);
  } catch (error) {
    const isGone = error instanceof PipelineError && error.code === "warehouse_failed";
    if (isGone || dbt.state !== "Failed") throw error;
  }
}

async function commitState(
  { warehouse, transform, report }: Ports,
  settings: FlowSettings,
  states: readonly CompanyState[],
  loaded: readonly CompanyOutcome[],
  loadIds: string[],
  dbt: DbtOutcome,
): Promise<Map<string, string>> {
  const companies = loaded.flatMap((company) => {
    const state = stateAfter(company, settings, stateOf(states, company.company));
    return state === null ? [] : [{ company: company.company, loadId: company.result!.loadId, state }];
  });
  const built = dbt.state === "Completed" ? { project: transform.project(), marts: dbt.marts } : null;
  await warehouse.commit({ runId: settings.runId, companies, loadIds, built });
  if (settings.backfill !== null) return new Map();
  for (const { company, state } of companies) {
    report({ type: "state.committed", company, loadedThrough: state.loadedThrough });
  }
  return new Map(companies.map(({ company, state }) => [company, state.loadedThrough]));
}

/** A backfill says nothing of the days between it and the watermark: it moves none, and makes none. */
function stateAfter(
  company: CompanyOutcome,
  { backfill, resetState }: FlowSettings,
  state: CompanyState | undefined,
): Omit<CompanyState, "company"> | null {
  // What an earlier run had loaded joins what is remembered: only what was read anew may set it back.
  if (backfill === null) return nextState(company, state, resetState && company.isAsked);
  return state === undefined ? null : withDays(state, company.names, company.window);
}

/** What is committed stands, whatever becomes of this. */
async function publish({ warehouse, tasks }: Ports, runId: string): Promise<PublishOutcome> {
  try {
    return await tasks.run("publish", shortTask, (context) => warehouse.publish(runId, context));
  } catch (error) {
    if (error instanceof PipelineError && error.code === "cancelled") throw error;
    return { error: factsOf(error) };
  }
}

/** Like `Promise.all`, but rejects only when all are over: nothing may be closed under a task that still runs. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
