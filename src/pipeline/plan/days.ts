import { addDays, daysBetween, type Window } from "../window/days.ts";
import { gapsIn } from "../window/ranges.ts";

/** Days with their rows, which are taken to be spread evenly over them. */
export type Segment = { days: Window; rows: number };

const lengthOf = ({ from, to }: Window) => daysBetween(from, to) + 1;

/** Cuts days that follow each other into so many windows with about as many rows each; fewer where there are not so many days. */
export function cutEvenly(segments: readonly Segment[], parts: number): Segment[] {
  const days = segments.flatMap(({ days: { from, to }, rows }) => {
    const length = lengthOf({ from, to });
    return Array.from({ length }, (_, i) => ({ day: addDays(from, i), rows: rows / length }));
  });
  const all = days.reduce((sum, { rows }) => sum + rows, 0);
  const cut: Segment[] = [];
  let seen = 0;
  let before = 0;
  for (const [i, { day, rows }] of days.entries()) {
    // Days without a row are cut by their number.
    const share = all === 0 ? i / days.length : (seen + rows / 2) / all;
    const part = Math.min(Math.floor(share * parts), parts - 1);
    const last = cut.at(-1);
    // A day without a row begins no part of its own.
    if (last === undefined || (part !== before && (rows > 0 || all === 0)))
      cut.push({ days: { from: day, to: day }, rows });
    else {
      last.days.to = day;
      last.rows += rows;
    }
    seen += rows;
    if (rows > 0 || all === 0) before = part;
  }
  return cut;
}

/**
 * The days of a window with the rows that they are likely to have, in all as many as are expected: spread as the known ones are, which come in the
 * order of their days, and evenly where fewer than half are known.
 */
export function spread(window: Window, expected: number, known: readonly Segment[]): Segment[] {
  const all = known.reduce((sum, { rows }) => sum + rows, 0);
  if (all === 0 || all < expected / 2) return [{ days: window, rows: expected }];
  const without = gapsIn(
    known.map(({ days }) => days),
    window,
  ).map((days) => ({ days, rows: 0 }));
  return [...known, ...without]
    .map(({ days, rows }) => ({ days, rows: (rows * expected) / all }))
    .sort((a, b) => (a.days.from < b.days.from ? -1 : 1));
}
