import { millisecondsInDay, millisecondsInHour } from "date-fns/constants";

/** The index is built once a day, at this time of the day (05:00 UTC). */
const buildTimeMs = 5 * millisecondsInHour;

/** Number of the last daily build at or before an instant: days since 1970 of its own day. */
export function buildAt(instantMs: number): number {
  return Math.floor((instantMs - buildTimeMs) / millisecondsInDay);
}

/** Days since 1970 of a `YYYY-MM-DD`. */
export function dayNumber(day: string): number {
  return Date.parse(day) / millisecondsInDay;
}

/** `YYYY-MM-DD` of a day number. */
export function dayText(day: number): string {
  return new Date(day * millisecondsInDay).toISOString().slice(0, 10);
}

/** The last instant of a day: what a reader sees at the end of an as-of day. */
export function endOfDay(day: string): number {
  return Date.parse(day) + millisecondsInDay - 1;
}
