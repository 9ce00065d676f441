import { nameWarning, type Warning } from "../report/warnings.ts";
import type { Window } from "../window/days.ts";
import { loadedNames, type StoredCompany, type WindowSettings } from "../window/window.ts";
import { type Engine, type StepResult, shortStep } from "./engine.ts";
import type { PlanSettings, Schedule } from "./values.ts";

/** What decides the windows of a run, and how they are read. */
export type ResolveSettings = WindowSettings &
  PlanSettings & {
    companies: readonly string[];
    /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
    backfill: Window | null;
  };

export type ResolvedWindows = {
  schedule: Schedule;
  warnings: Warning[];
  /** `_meta.last_indexed` of the index that has the names. */
  lastIndexed: string | null;
};

/** The names and the days of each company, and how they are read, as three steps. `orEnd` gives the output of a step, or ends the run. */
export async function resolveWindows(
  engine: Engine,
  settings: ResolveSettings,
  states: readonly StoredCompany[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<ResolvedWindows> {
  const { companies, startDate, asOf, lookBackDays, resetState, backfill, strategy, limits, timings } = settings;
  const known = states.map((state) => ({ company: state.company, names: loadedNames(state) }));
  const resolved = orEnd(await engine.run("resolve_companies", null, { companies: [...companies], known }, shortStep));
  const input = {
    companies: resolved.companies,
    states: states.map(({ rows: _, rowsByName: __, ...state }) => state),
    settings: { startDate, asOf, lookBackDays, resetState, backfill },
  };
  const { windows } = orEnd(await engine.run("resolve_window", null, input, shortStep));
  const plan = { windows, settings: { strategy, limits, timings } };
  const schedule = orEnd(await engine.run("plan", null, plan, shortStep));
  const warnings = resolved.notes.map(({ company, note }) => nameWarning(company, note));
  return { schedule, warnings, lastIndexed: resolved.lastIndexed };
}
