export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The index is built once a day, at this time of the day (05:00 UTC). */
const buildTimeMs = 5 * hourMs;

/** Number of the last daily build at or before an instant: days since 1970 of its own day. */
export function buildAt(instantMs: number): number {
  return Math.floor((instantMs - buildTimeMs) / dayMs);
}

/** Days since 1970 of a `YYYY-MM-DD`. */
export function dayNumber(day: string): number {
  return Date.parse(day) / dayMs;
}

/** `YYYY-MM-DD` of a day number. */
export function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** The last instant of a day: what a reader sees at the end of an as-of day. */
export function endOfDay(day: string): number {
  return Date.parse(day) + dayMs - 1;
}
