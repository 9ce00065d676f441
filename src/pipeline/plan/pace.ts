import { strategyNames } from "../scope/strategy.ts";
import { minuteMs } from "../window/units.ts";

/** An answer of so many rows took so many milliseconds. */
export type Timing = { rows: number; ms: number };

/** What is known of the time that answers take. */
export type Pace = {
  /** Milliseconds of an answer without rows, asked just now. */
  answerMs: number;
  /** What earlier runs measured. */
  timings: Readonly<Partial<Record<MeasuredName, Timing>>>;
};

/** What is measured: each strategy, and the file of everything until it is here. */
export const measuredNames = [...strategyNames, "file"] as const;
export type MeasuredName = (typeof measuredNames)[number];

/** A page of 10,000 rows took 12 s where a count took 0.3 s. Source: docs/source.md. */
const unmeasured = { rows: 10_000, answers: 40 };
/** Guesses, until a run has measured it: the file of everything at 10 MB a second, and its rows as two slow processors load them. */
const guessed: Partial<Record<MeasuredName, Timing>> = {
  file: { rows: 1_000_000, ms: 4000 },
  bulk: { rows: 1_000_000, ms: 12_000 },
};

/** Milliseconds that an answer of so many rows takes: an answer without rows, and so much for each row. */
export function requestMs({ answerMs, timings }: Pace, of: MeasuredName, rows: number): number {
  const { rows: measured, ms } = timings[of] ??
    guessed[of] ?? { rows: unmeasured.rows, ms: unmeasured.answers * answerMs };
  return answerMs + (rows * Math.max(ms - answerMs, 0)) / Math.max(measured, 1);
}

/** What is typical of answers that were landed: the median of the fuller half. What is not of this version is left out. */
export function typicalTimings(landings: readonly (Timing & { strategy: string })[]): Pace["timings"] {
  const timings: Partial<Record<MeasuredName, Timing>> = {};
  for (const strategy of measuredNames) {
    const own = landings.filter((one) => one.strategy === strategy);
    const fullest = Math.max(...own.map(({ rows }) => rows), 1);
    const full = own.filter(({ rows }) => rows >= fullest / 2).sort((a, b) => a.ms - b.ms);
    const middle = full[Math.floor(full.length / 2)];
    if (middle !== undefined) timings[strategy] = { rows: middle.rows, ms: middle.ms };
  }
  return timings;
}

/** Fewer at once would leave the source idle while a load is merged. */
const fewestLanes = 3;
/** Each takes a connection, and memory for a page. */
const mostLanes = 8;

/** How many requests are under way at once: as many as the limit lets through while one is answered (Little's law). */
export function lanesFor(perMinute: number | null, ms: number): number {
  if (perMinute === null) return fewestLanes;
  return Math.min(Math.max(Math.ceil((perMinute / minuteMs) * ms), fewestLanes), mostLanes);
}

/** Requests of one class, and what holds them back. */
export type Queue = {
  requests: number;
  /** Null where there is no limit. */
  perMinute: number | null;
  lanes: number;
  ms: number;
};

/** Milliseconds that they take. As many as a minute allows go at once; each further minute allows as many again. */
export function durationOf({ requests, perMinute, lanes, ms }: Queue): number {
  if (requests === 0) return 0;
  const byLanes = Math.ceil(requests / lanes) * ms;
  return perMinute === null ? byLanes : Math.max(byLanes, waitOf(requests, perMinute) + ms);
}

/** Milliseconds until the last of them may be sent. */
export function waitOf(requests: number, perMinute: number): number {
  return Math.max(Math.ceil(requests / perMinute) - 1, 0) * minuteMs;
}
