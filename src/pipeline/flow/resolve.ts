import type { SourceIndex } from "../health/health.ts";
import type { Done } from "../plan/done.ts";
import { nameWarning, type Warning } from "../report/warnings.ts";
import type { Window } from "../window/days.ts";
import { type CompanyWindow, loadedNames, type StoredCompany, type WindowSettings } from "../window/window.ts";
import { type Engine, type StepResult, shortStep } from "./engine.ts";
import type { ImportedFile, PlanSettings, RetriedRun, Schedule } from "./values.ts";

/** What decides the windows of a run, and how they are read. */
export type ResolveSettings = WindowSettings &
  PlanSettings & {
    companies: readonly string[];
    /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
    backfill: Window | null;
    /** The user's file that is loaded in place of the source; null for every other run. */
    file: ImportedFile | null;
    /** The run that is done again where it failed; null for a run of its own. */
    retryOf: RetriedRun | null;
  };

export type ResolvedWindows = {
  schedule: Schedule;
  /** What earlier runs have loaded of the windows. */
  done: Done;
  warnings: Warning[];
  /** The index that has the names; null where none was asked. */
  index: SourceIndex | null;
};

/** The names and the days of each company, what is loaded of them, and how the rest is read, as steps. `orEnd` gives the output of a step, or ends the run. */
export async function resolveWindows(
  engine: Engine,
  settings: ResolveSettings,
  states: readonly StoredCompany[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<ResolvedWindows> {
  const { companies, startDate, asOf, lookBackDays, resetState, backfill, strategy, source, limits, timings } =
    settings;
  const known = states.map((state) => ({ company: state.company, names: loadedNames(state) }));
  const resolved = orEnd(await engine.run("resolve_companies", null, { companies: [...companies], known }, shortStep));
  const input = {
    companies: resolved.companies,
    states: states.map(({ rows: _, rowsByName: __, ...state }) => state),
    settings: { startDate, asOf, lookBackDays, resetState, backfill },
  };
  const { windows } = orEnd(await engine.run("resolve_window", null, input, shortStep));
  const done = await findDone(engine, settings, windows, orEnd);
  const plan = { windows, done, settings: { strategy, source, limits, timings } };
  const schedule = orEnd(await engine.run("plan", null, plan, shortStep));
  const warnings = resolved.notes.map(({ company, note }) => nameWarning(company, note));
  return { schedule, done, warnings, index: resolved.index };
}

/** Who reads everything, or days of their own choice, reads them anew. */
async function findDone(
  engine: Engine,
  { retryOf, source, lookBackDays, resetState, backfill }: ResolveSettings,
  windows: readonly CompanyWindow[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<Done> {
  if (retryOf === null && (resetState || backfill !== null)) return { loads: [], retryOf };
  const companies = windows.map(({ company }) => company);
  const found = await engine.run("find_committed_loads", null, { retryOf, source, companies, lookBackDays }, shortStep);
  return { loads: orEnd(found).loads, retryOf };
}
