import { UTCDateMini } from "@date-fns/utc/date/mini";
import { addDays as addDaysTo } from "date-fns/addDays";
import { differenceInCalendarDays } from "date-fns/differenceInCalendarDays";
import { parseISO } from "date-fns/parseISO";

/** A calendar day of the source, which counts in UTC, as `YYYY-MM-DD`. Compares as text. */
export type Day = string;

/** Both ends belong to the window, as in the source's date filter. */
export type Window = { from: Day; to: Day };

/** True for a day that exists, from 1900 to 2199. */
export function isDay(text: string): boolean {
  return /^(19|20|21)\d\d-\d\d-\d\d$/.test(text) && !Number.isNaN(parseISO(text).getTime());
}

export function addDays(day: Day, days: number): Day {
  return dayOf(addDaysTo(new UTCDateMini(day), days).getTime());
}

/** Days from one day to a later one: 1 from a day to the next. */
export function daysBetween(from: Day, to: Day): number {
  return differenceInCalendarDays(new UTCDateMini(to), new UTCDateMini(from));
}

/** The UTC day of an instant in epoch milliseconds. */
export function dayOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10);
}

export const earlier = (a: Day, b: Day): Day => (a < b ? a : b);
export const later = (a: Day, b: Day): Day => (a > b ? a : b);
