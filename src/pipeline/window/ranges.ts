import { addDays, type Day, daysBetween, earlier, later, type Window } from "./days.ts";

/** Days as windows in order, of which no two overlap or touch. */
export type Ranges = readonly Window[];

/** The ranges with the days of one more window. */
export function withWindow(ranges: Ranges, window: Window): Ranges {
  const touches = (one: Window) => one.from <= addDays(window.to, 1) && one.to >= addDays(window.from, -1);
  const joined = ranges
    .filter(touches)
    .reduce((sum, one) => ({ from: earlier(sum.from, one.from), to: later(sum.to, one.to) }), window);
  return [...ranges.filter((one) => !touches(one)), joined].sort((a, b) => (a.from < b.from ? -1 : 1));
}

/** The days of a window that the ranges lack. A window whose end comes before its start has none. */
export function gapsIn(ranges: Ranges, { from, to }: Window): Ranges {
  const gaps: Window[] = [];
  let next = from;
  for (const range of ranges) {
    if (range.to < next) continue;
    if (range.from > next && next <= to) gaps.push({ from: next, to: earlier(addDays(range.from, -1), to) });
    next = addDays(range.to, 1);
  }
  if (next <= to) gaps.push({ from: next, to });
  return gaps;
}

/** The first day of the range that holds a day; undefined where none does. */
export function startOfRange(ranges: Ranges, day: Day): Day | undefined {
  return ranges.find(({ from, to }) => from <= day && day <= to)?.from;
}

/** How many days the ranges have together. */
export function daysIn(ranges: Ranges): number {
  return ranges.reduce((sum, { from, to }) => sum + daysBetween(from, to) + 1, 0);
}
