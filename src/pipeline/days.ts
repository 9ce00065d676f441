/** A calendar day of the source, which counts in UTC, as `YYYY-MM-DD`. Compares as text. */
export type Day = string;

/** Both ends belong to the window, as in the source's date filter. */
export type Window = { from: Day; to: Day };

const dayMs = 86_400_000;

/** True for a day that exists, from 1900 to 2199. */
export function isDay(text: string): boolean {
  if (!/^(19|20|21)\d\d-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && dayOf(ms) === text;
}

export function addDays(day: Day, days: number): Day {
  return dayOf(Date.parse(day) + days * dayMs);
}

/** The UTC day of an instant in epoch milliseconds. */
export function dayOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10);
}

export const earlier = (a: Day, b: Day): Day => (a < b ? a : b);
export const later = (a: Day, b: Day): Day => (a > b ? a : b);
