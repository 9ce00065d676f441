import { addDays, type Day, daysBetween, earlier, later, type Window } from "../window/days.ts";
import { gapsIn } from "../window/ranges.ts";

/** Days with their rows, which are taken to be spread evenly over them. */
export type Segment = { days: Window; rows: number };

const lengthOf = ({ from, to }: Window) => daysBetween(from, to) + 1;

type DayRows = { day: Day; rows: number };

/**
 * Each day with its rows. Between the middles of two segments the rows of a day change evenly, so that days at both ends of a long segment are
 * not taken to be alike; a segment keeps its sum.
 */
function daysOf(segments: readonly Segment[]): DayRows[] {
  const middles = segments.map(({ days }) => addDays(days.from, Math.floor((lengthOf(days) - 1) / 2)));
  const means = segments.map(({ days, rows }) => rows / lengthOf(days));
  return segments.flatMap(({ days, rows }, i) => {
    const length = lengthOf(days);
    const guessed = Array.from({ length }, (_, offset) => {
      const day = addDays(days.from, offset);
      // Before the first middle, and behind the last, it goes on as beside it.
      const beside = day < middles[i]! ? [i - 1, i + 1] : [i + 1, i - 1];
      const other = beside.find((one) => means[one] !== undefined);
      if (other === undefined || length === 1) return { day, rows: means[i]! };
      const perDay = (means[other]! - means[i]!) / daysBetween(middles[i]!, middles[other]!);
      return { day, rows: Math.max(means[i]! + perDay * daysBetween(middles[i]!, day), 0) };
    });
    const sum = guessed.reduce((all, one) => all + one.rows, 0);
    return guessed.map((one) => ({ day: one.day, rows: sum === 0 ? 0 : (one.rows * rows) / sum }));
  });
}

/** Cuts days that follow each other into so many windows with about as many rows each; fewer where there are not so many days. */
export function cutEvenly(segments: readonly Segment[], parts: number): Segment[] {
  return cutByShares(segments, Array<number>(parts).fill(1));
}

/** Cuts days that follow each other into windows whose rows are to each other like the shares; fewer where there are not so many days. */
export function cutByShares(segments: readonly Segment[], shares: readonly number[]): Segment[] {
  const days = daysOf(segments);
  const all = days.reduce((sum, { rows }) => sum + rows, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const cut: Segment[] = [];
  let seen = 0;
  let part = 0;
  let before = 0;
  let end = shares[0]! / whole;
  for (const [i, { day, rows }] of days.entries()) {
    // Days without a row are cut by their number.
    const done = all === 0 ? i / days.length : (seen + rows / 2) / all;
    while (done >= end && part < shares.length - 1) end += shares[++part]! / whole;
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

/** What segments have within some of their days. */
export function within(segments: readonly Segment[], { from, to }: Window): Segment[] {
  return segments.flatMap(({ days, rows }) => {
    const part = { from: later(days.from, from), to: earlier(days.to, to) };
    return part.from > part.to ? [] : [{ days: part, rows: (rows * lengthOf(part)) / lengthOf(days) }];
  });
}
