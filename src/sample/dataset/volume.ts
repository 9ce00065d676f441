import type { CompanyVolume } from "./calibration.ts";
import { dayMs } from "./clock.ts";

/** The first day of the made-up complaints (2023-01-01), as days since 1970. */
export const firstDay = 19_358;

/**
 * Complaints per month of all companies, in thousands. Source: monthly counts of the database as of July 2026; March
 * 2023 as it stands since its withdrawals. Later months are taken as even.
 */
const months: Record<number, readonly number[]> = {
  2023: [94, 87, 36, 65, 106, 104, 107, 120, 113, 117, 113, 123],
  2024: [143, 158, 178, 191, 212, 204, 233, 264, 265, 296, 287, 304],
  2025: [476, 335, 397, 406, 415, 412, 473, 496, 504, 520, 497, 513],
  2026: [541, 497, 615, 618, 620, 622, 695, 640, 640, 640, 640, 640],
};
const even = new Array<number>(12).fill(1);

/** Percent of an average day, Sunday first. Assumed: people complain on working days. */
const weekdays = [60, 110, 120, 115, 115, 105, 75];

/** 2026 and later against 2025. Assumed. */
const growth = 1.22;

/**
 * How many complaints a company gets on each of `days` days from {@link firstDay}. The fractions of a day are carried
 * over to the next, so a later end only appends.
 */
export function dailyCounts(volume: CompanyVolume, days: number, scale: number): Uint16Array {
  const counts = new Uint16Array(days);
  const unit = 2 ** 20;
  let carried = 0;
  for (let i = 0; i < days; i++) {
    const date = new Date((firstDay + i) * dayMs);
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth();
    const shares = months[year] ?? even;
    const yearly = year < 2026 ? (volume.yearly[year - 2023] ?? 0) : volume.yearly[2] * growth;
    const ofYear = (shares[month] ?? 0) / shares.reduce((sum, count) => sum + count, 0);
    const daysInMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    const ofDay = (weekdays[date.getUTCDay()] ?? 0) / 100 / daysInMonth;
    carried += Math.round(yearly * scale * ofYear * ofDay * unit);
    const count = Math.min(Math.floor(carried / unit), idsPerDay);
    carried -= count * unit;
    counts[i] = count;
  }
  return counts;
}

/** Numbers that a company has for the complaints of one day. */
const idsPerDay = 256;
/** Companies that a day's block of numbers has room for. */
const companySlots = 80;
const firstId = 1_000_000;

/**
 * The id of complaint number `n` of a day: a block a day, a slot a company in it, scattered within. Crosses from 7 to 8
 * digits in March 2024.
 */
export function complaintId(day: number, slot: number, n: number): number {
  const block = ((day - firstDay) * companySlots + slot) * idsPerDay;
  return firstId + block + ((n * 77 + day * 31 + slot * 13) & (idsPerDay - 1));
}
