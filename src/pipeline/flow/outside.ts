import { PipelineError } from "../../run/errors.ts";
import { addDays, earlier, type Window } from "../window/days.ts";
import type { CompanyState, CompanyWindow } from "../window/window.ts";
import { type Ports, shortTask } from "./ports.ts";

/** How many rows of some days are here and at the source, of days that a run did not read. */
export type Outside = Window & {
  here: number;
  there: number;
  /** Names with other numbers of rows here and there. */
  differing: { name: string; here: number; there: number }[];
  /** Names that the source's list left out: how many rows they have there is not known, and they count in neither number. */
  unknown: string[];
};

type Range = { days: Window; names: string[] };

/** The loaded days before each company's window, and the names that have the same ones. */
export function rangesOutside(windows: readonly CompanyWindow[], states: readonly CompanyState[]): Range[] {
  const ranges: Range[] = [];
  for (const { company, names, window } of windows) {
    const state = states.find((known) => known.company === company);
    if (state === undefined) continue;
    const days = { from: state.loadedFrom, to: earlier(addDays(window.from, -1), state.loadedThrough) };
    if (days.from > days.to) continue;
    const held = names.filter((name) => state.names.includes(name));
    const same = ranges.find((range) => range.days.from === days.from && range.days.to === days.to);
    if (same === undefined) ranges.push({ days, names: held });
    else same.names.push(...held);
  }
  return ranges;
}

/**
 * Compares how many rows are here and at the source in the days outside of the windows: one question for each range of days, whatever
 * companies there are. Nothing is loaded by it, and a source that does not answer changes no result: null then.
 */
export async function compareOutside(
  { source, warehouse, tasks }: Pick<Ports, "source" | "warehouse" | "tasks">,
  ranges: readonly Range[],
): Promise<Outside[] | null> {
  if (ranges.length === 0) return [];
  try {
    return await tasks.run("compare_outside", shortTask, async (context) => {
      const found: Outside[] = [];
      for (const { days, names } of ranges) {
        const { counts, capped } = await source.countByName(days, context);
        const there = new Map(counts.map(({ name, count }) => [name, count]));
        const here = new Map((await warehouse.countRows(names, days)).map(({ name, rows }) => [name, rows]));
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
      return found;
    });
  } catch (error) {
    if (error instanceof PipelineError && error.code === "cancelled") throw error;
    return null;
  }
}
