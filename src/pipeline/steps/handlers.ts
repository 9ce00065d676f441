import { type ErrorFacts, factsOf, isRetryable, PipelineError } from "../../run/errors.ts";
import { complaints } from "../dataset/complaints.ts";
import type { BuildHint } from "../flow/engine.ts";
import type { StepInput, StepName, StepOutput } from "../flow/steps.ts";
import type { ImportedFile, LoadRequest, LoadResult, Outside, PlannedWindow } from "../flow/values.ts";
import { everyCompany, isEvery } from "../names/every.ts";
import { resolveNames, whyUnqueryable } from "../names/names.ts";
import { joinDone, splitDone, splitLanded, wholeBefore } from "../plan/done.ts";
import { planScopes } from "../plan/planner.ts";
import { scopesToLoad } from "../plan/scopes-to-load.ts";
import { dbtError } from "../report/checks.ts";
import type { Scope } from "../scope/scope.ts";
import { type StrategyChoice, type StrategyName, totalCost } from "../scope/strategy.ts";
import type { Day, Window } from "../window/days.ts";
import { minuteMs } from "../window/units.ts";
import { resolveWindow } from "../window/window.ts";
import { countWindows } from "./count-windows.ts";
import type { KnownRows, LandedFiles, LandingName, Ports, Source, TaskContext } from "./ports.ts";

/** What a step gives that has failed after its work was done. */
export type FailedOutput<T> = { output: T; failed: ErrorFacts };

type Handler<S extends StepName> = (
  input: StepInput<S>,
  context: TaskContext,
) => Promise<StepOutput<S> | FailedOutput<StepOutput<S>>>;

/** The rows of a scope, from the source into the warehouse: one engine pipes the halves, another may run them in two places. */
export type ExtractAndLoad = {
  /** Lands the files, each as soon as it is whole, and ends with the evidence. */
  extract(request: LoadRequest, context: TaskContext): LandedFiles;
  load(request: LoadRequest, files: LandedFiles, context: TaskContext): Promise<LoadResult>;
  /** Removes the files that this start has landed, whatever has become of them. */
  discard(request: LoadRequest, context: TaskContext): Promise<void>;
};

/** What carries out each step. A step that throws has failed. */
export type Handlers = {
  [S in Exclude<StepName, "extract_and_load_complaints">]: Handler<S>;
} & {
  extract_and_load_complaints: ExtractAndLoad;
  /** Prepares for `run_dbt_models` where that will have something to do. */
  prepareBuild(hint: BuildHint): Promise<void>;
};

/** The steps that find out what is to be read, and load nothing. */
export function planHandlers(source: Source, warehouse: KnownRows) {
  return {
    async resolve_companies({ companies, known }, context) {
      if (companies.length === 1 && companies[0] === everyCompany) {
        const { index } = await source.findNames([], context);
        return { companies: [{ company: everyCompany, names: [] }], notes: [], index };
      }
      const { candidates, index } = await source.findNames(companies, context);
      const meant = resolveNames(candidates, new Map(known.map((one) => [one.company, one.names])));
      if ("error" in meant) throw new PipelineError(meant.error);
      const notes = meant.companies.flatMap(({ company, notes: some }) => some.map((note) => ({ company, note })));
      for (const note of notes) context.report({ type: "names.noted", ...note });
      return { companies: meant.companies.map(({ company, names }) => ({ company, names })), notes, index };
    },
    async resolve_window({ companies, states, settings }, { report }) {
      const { backfill } = settings;
      const windows = companies.map((company) => {
        if (backfill !== null) return { ...company, window: backfill, why: "backfill" };
        const state = states.find((one) => one.company === company.company);
        return resolveWindow(settings, company, state);
      });
      for (const { company, names, window, why } of windows) {
        report({ type: "window.resolved", company, names, ...window, why });
      }
      return { windows };
    },
    find_committed_loads: async ({ retryOf, source: identity, companies, lookBackDays }) => ({
      loads:
        retryOf === null
          ? await warehouse.unfinishedLoads(companies, identity, lookBackDays)
          : await warehouse.loadsFor(retryOf, identity),
    }),
    async plan({ windows, done, settings: { strategy: choice, source: identity, limits, timings } }, context) {
      const before = context.traffic.requests;
      const split = windows.map((window) => ({ window, whole: wholeBefore(done, window), ...splitDone(done, window) }));
      const isWanted = (strategy: StrategyName) => choice === "auto" || choice === strategy;
      const landed = (await source.landedScopes()).filter((one) => one.source === identity && isWanted(one.strategy));
      const unread = split.flatMap(({ window, whole, unread: days }) =>
        whole === undefined ? splitLanded(window, days, landed) : [],
      );
      const { windows: counted, answerMs } = await countWindows(source, warehouse, unread, context);
      const { strategies } = source;
      const options = { choice, limits, strategies, pace: { answerMs, timings }, file: null };
      const asked = planScopes(counted, options);
      const isLong = choice === "auto" && asked.etaMs > worthLookingMs;
      const file = choice === "bulk" || isLong ? await lookAtFile(source, choice, context) : null;
      const {
        windows: read,
        isOfFile,
        ...schedule
      } = file === null ? asked : planScopes(counted, { ...options, file });
      const planned = split.map(({ window, whole, parts }) => {
        const ofWindow = read.filter(({ company }) => company === window.company);
        const loaded = whole === undefined ? parts : [{ ...whole, window: window.window }];
        return joinDone(window, loaded, choice === "auto" ? "pages" : choice, ofWindow);
      });
      for (const { company, scopes } of planned) {
        const parts = scopes.map(({ id, window, strategy, expected }) => ({
          scope: id,
          ...window,
          strategy,
          expected,
        }));
        context.report({ type: "scopes.planned", company, scopes: parts });
      }
      const { etaMs, reason } = schedule;
      const costs = planned.flatMap(({ scopes }) => scopes.map(({ cost }) => cost));
      const total = totalCost(costs);
      context.report({ type: "run.planned", scopes: costs.length, ...total, etaMs, reason });
      const counts = context.traffic.requests - before;
      if (file === null || !isOfFile) return { ...schedule, windows: planned, file: null, counts };
      const later = await laterThan(warehouse, file.day, planned);
      return { ...schedule, windows: planned, file: { ...file, later }, counts };
    },
  } satisfies Partial<Handlers>;
}

/** What takes less is asked for without a look at the file of everything. */
const worthLookingMs = minuteMs;
/** Bytes of the zipped file for each of its rows. Source: docs/source.md. */
const zippedBytesPerRow = 19.3;

/** The file of everything, as far as it is known; null where it cannot be had and nobody asked for it. */
async function lookAtFile({ bulk }: Source, choice: StrategyChoice, context: TaskContext) {
  if (bulk === null && choice === "bulk") throw noFile();
  if (bulk === null) return null;
  const head = await bulk.look(context).catch((error: unknown) => {
    if (choice === "bulk" || !(error instanceof PipelineError) || error.code === "cancelled") throw error;
    return null;
  });
  if (head === null) return null;
  const here = await bulk.here(head);
  const { day, bytes } = head;
  return { day, bytes, rows: here?.rows ?? Math.round(bytes / zippedBytesPerRow), isHere: here !== null };
}

function noFile(): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    message: "No file of everything is known of this source, which the strategy bulk reads.",
    data: "Nothing was changed.",
    next: "Set bulkUrl in pipeline.yaml to the address of such a zip, or leave --strategy out.",
  });
}

/** The days of each window that were loaded from a later index than the file of a day has, and that it would be read for. */
async function laterThan(warehouse: KnownRows, day: Day, windows: readonly PlannedWindow[]) {
  const found: { company: string; window: Window }[] = [];
  for (const { company, names, scopes } of windows) {
    for (const { window } of scopes.filter(({ strategy }) => strategy === "bulk")) {
      const days = await warehouse.daysOfLaterIndex(names, window, day);
      found.push(...days.map((one) => ({ company, window: one })));
    }
  }
  return found;
}

/** All steps of a run. */
export function stepHandlers({ source, warehouse, transform, report }: Ports): Handlers {
  return {
    ...planHandlers(source, warehouse),
    async fetch_bulk_file({ windows }, context) {
      const file = await source.bulk!.fetch(context);
      const cut = windows.map((window) => scopesToLoad(window, file.newest));
      for (const [i, { company, scopes }] of cut.entries()) {
        if (scopes.length === windows[i]!.scopes.length) continue;
        const parts = scopes.map(({ id, window, strategy }) => {
          const planned = windows[i]!.scopes.find((one) => one.window.from === window.from);
          return { scope: id, ...window, strategy, expected: planned?.expected ?? 0 };
        });
        context.report({ type: "scopes.planned", company, scopes: parts });
      }
      return { file, windows: cut };
    },
    extract_and_load_complaints: {
      extract(request, context) {
        const { scope, file } = request;
        if (file !== undefined) return landedImport(file);
        // A name that cannot be asked for may stand in a file.
        if (scope.strategy !== "bulk") refuseUnqueryable(scope);
        return source.strategies[scope.strategy].extract(scope, landingOf(request, context), context);
      },
      load: (request, files, context) => warehouse.load(request, files, context),
      // What was loaded stays loaded, and what went wrong is told, whatever becomes of this.
      async discard(request, context) {
        const { id, strategy } = request.scope;
        await source.strategies[strategy].discard(landingOf(request, context)).catch((error: unknown) => {
          const what = `the landed files of ${id} could not be removed`;
          report({ type: "upkeep.failed", what, reason: factsOf(error).message });
        });
      },
    },
    reconcile_window: (request, context) => warehouse.reconcileWindow(request, context),
    async compare_outside({ ranges }, context) {
      const found: Outside[] = [];
      for (const { days, names: asked } of ranges) {
        const { counts, capped } = await source.countByName(days, context);
        const there = new Map(counts.map(({ name, count }) => [name, count]));
        const [byName] = await warehouse.distributions(asked, days, [complaints.owner]);
        const here = new Map(byName!.values.map(({ value, rows }) => [String(value), rows]));
        const names = isEvery(asked) ? [...new Set([...here.keys(), ...there.keys()])] : asked;
        const unknown = capped ? names.filter((name) => !there.has(name)) : [];
        const both = names
          .filter((name) => !unknown.includes(name))
          .map((name) => ({ name, here: here.get(name) ?? 0, there: there.get(name) ?? 0 }));
        found.push({
          ...days,
          here: both.reduce((sum, one) => sum + one.here, 0),
          there: both.reduce((sum, one) => sum + one.there, 0),
          differing: both.filter((one) => one.here !== one.there),
          unknown,
        });
      }
      return { found };
    },
    find_pending_build: () => warehouse.pendingBuild(transform.project()),
    async run_dbt_models(_, context) {
      const built = await warehouse.handOver(() => transform.build(context));
      const output = { ...built, project: transform.project() };
      return output.state === "Failed" ? { output, failed: dbtError(output.failed) } : output;
    },
    async check_loads({ loadIds }) {
      await warehouse.assertLoaded(loadIds);
      return null;
    },
    async commit_state({ movesWatermarks, ...commit }) {
      await warehouse.commit(commit);
      for (const { company, state } of movesWatermarks ? commit.companies : []) {
        report({ type: "state.committed", company, loadedThrough: state.loadedThrough });
      }
      return null;
    },
    publish: ({ runId }, context) => warehouse.publish(runId, context),
    async prepareBuild(hint) {
      // Python's imports and dbt's parsing take as long as the build itself: they go on while rows are extracted.
      const isLikely =
        hint === null ||
        hint.lastIndexed === null ||
        !(await warehouse.hasLoadedIndex(hint.lastIndexed, hint.companies)) ||
        (await warehouse.pendingBuild(transform.project())).isPending;
      if (isLikely) transform.warmUp(report);
    },
  };
}

/** The user's file lies where it is. */
async function* landedImport({ path, format, bytes, day }: ImportedFile): LandedFiles {
  yield { path, format, rows: null, bytes, sha256: null };
  return { expected: null, lastIndexed: null, askedOn: day };
}

function landingOf({ runId, source, scope }: LoadRequest, { attempt }: TaskContext): LandingName {
  const { company, id, names, window, strategy } = scope;
  return {
    scope: { source, names, window, strategy },
    start: JSON.stringify([runId, company, id, attempt]),
  };
}

function refuseUnqueryable({ company, names }: Scope): void {
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

/** Says nothing against what came before. */
function isPassing(error: unknown): boolean {
  const { code } = factsOf(error);
  return code === "cancelled" || code === "timed_out" || isRetryable(error, "request");
}

/**
 * Runs both halves in one place: a file is loaded while the next one is fetched. What is landed stays for the next start where the extraction was
 * ended from outside, or by a request that failed in a way that passes. What came otherwise is not trusted a second time.
 */
export async function pipeHalves(
  { extract, load, discard }: ExtractAndLoad,
  request: LoadRequest,
  context: TaskContext,
): Promise<LoadResult> {
  let isOfUse = true;
  async function* files(): LandedFiles {
    const evidence = yield* extract(request, context);
    isOfUse = false;
    return evidence;
  }
  try {
    const result = await load(request, files(), context);
    isOfUse = false;
    return result;
  } catch (error) {
    isOfUse &&= isPassing(error);
    throw error;
  } finally {
    if (!isOfUse) await discard(request, context);
  }
}
