import { nameWarning, type Warning } from "../report/warnings.ts";
import type { ScopedWindow } from "../scope/scope.ts";
import type { StrategyChoice } from "../scope/strategy.ts";
import type { Window } from "../window/days.ts";
import { loadedNames, type StoredCompany, type WindowSettings } from "../window/window.ts";
import { type Engine, type StepResult, shortStep } from "./engine.ts";

/** What decides the windows of a run. */
export type ResolveSettings = WindowSettings & {
  companies: readonly string[];
  /** Days to read in place of the resolved ones, which moves no watermark; null for a run of its own. */
  backfill: Window | null;
  /** How windows are read. */
  strategy: StrategyChoice;
};

export type ResolvedWindows = {
  windows: ScopedWindow[];
  warnings: Warning[];
  /** `_meta.last_indexed` of the index that has the names. */
  lastIndexed: string | null;
};

/** The names and the days of each company, as two steps. `orEnd` gives the output of a step, or ends the run. */
export async function resolveWindows(
  engine: Engine,
  settings: ResolveSettings,
  states: readonly StoredCompany[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<ResolvedWindows> {
  const { companies, startDate, asOf, lookBackDays, resetState, backfill, strategy } = settings;
  const known = states.map((state) => ({ company: state.company, names: loadedNames(state) }));
  const resolved = orEnd(await engine.run("resolve_companies", null, { companies: [...companies], known }, shortStep));
  const input = {
    companies: resolved.companies,
    states: states.map(({ rows: _, rowsByName: __, ...state }) => state),
    settings: { startDate, asOf, lookBackDays, resetState, backfill, strategy },
  };
  const { windows } = orEnd(await engine.run("resolve_window", null, input, shortStep));
  const warnings = resolved.notes.map(({ company, note }) => nameWarning(company, note));
  return { windows, warnings, lastIndexed: resolved.lastIndexed };
}
