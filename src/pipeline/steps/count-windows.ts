import { cutEvenly, type Segment, spread } from "../plan/days.ts";
import type { UnreadWindow } from "../plan/done.ts";
import type { CountedWindow } from "../plan/planner.ts";
import type { CountedNames } from "../scope/strategy.ts";
import type { Window } from "../window/days.ts";
import type { CompanyWindow } from "../window/window.ts";
import type { KnownRows, Source, TaskContext } from "./ports.ts";

export type Counted = {
  windows: CountedWindow[];
  /** Milliseconds of the quickest answer; 0 where nothing had to be counted. */
  answerMs: number;
};

/** A question for how the rows are spread is asked for so many pages: more would take longer than they save. */
const pagesPerCount = 50;
/** Questions at most: so many go at once, beside those that every run asks. */
const mostCounts = 12;

/**
 * Counts the rows of each window, all windows of the same days at once, and how they are spread over the days: as the warehouse has them,
 * or, where there is much to read of what it does not have, as the source counts parts of the days.
 */
export async function countWindows(
  source: Source,
  warehouse: KnownRows,
  windows: readonly UnreadWindow[],
  context: TaskContext,
): Promise<Counted> {
  let answerMs = Number.POSITIVE_INFINITY;
  const count = async (of: readonly CompanyWindow[], days: Window): Promise<CountedNames[][]> => {
    const counted = await source.count(
      of.map(({ names }) => names),
      days,
      context,
    );
    answerMs = Math.min(answerMs, counted.answerMs);
    return counted.counts;
  };
  const counts = new Map<CompanyWindow, CountedNames[]>();
  const sameDays = [...Map.groupBy(windows, ({ window: { from, to } }) => `${from} ${to}`).values()];
  for (const same of sameDays) {
    const found = await count(same, same[0]!.window);
    for (const [i, window] of same.entries()) counts.set(window, found[i]!);
  }
  const { cost, rowsPerRequest } = source.strategies.pages;
  const rowsOf = (window: CompanyWindow) => sum(counts.get(window)!);
  const known = new Map<CompanyWindow, Segment[]>();
  // What fits into an answer is not cut.
  for (const window of windows.filter((one) => rowsOf(one) > rowsPerRequest)) {
    known.set(window, await warehouse.rowsByDay(window.names, window.window));
  }
  const pages = [...counts.values()].reduce((all, one) => all + cost(one).requests.search, 0);
  for (const same of sameDays) {
    const unknown = same.filter((window) => {
      const here = known.get(window)?.reduce((all, { rows }) => all + rows, 0);
      return here !== undefined && here < rowsOf(window) / 2;
    });
    const parts = Math.floor(Math.min(pages / pagesPerCount, mostCounts) / sameDays.length);
    if (unknown.length === 0 || parts < 2) continue;
    for (const window of unknown) known.set(window, []);
    for (const { days } of cutEvenly([{ days: same[0]!.window, rows: 0 }], parts)) {
      const found = await count(unknown, days);
      for (const [i, window] of unknown.entries()) known.get(window)!.push({ days, rows: sum(found[i]!) });
    }
  }
  return {
    answerMs: Number.isFinite(answerMs) ? answerMs : 0,
    windows: windows.map((window) => {
      const days = spread(window.window, rowsOf(window), known.get(window) ?? []);
      return { ...window, counts: counts.get(window)!, days };
    }),
  };
}

function sum(counts: readonly CountedNames[]): number {
  return counts.reduce((all, { rows }) => all + rows, 0);
}
