import { secondsInDay, secondsInHour, secondsInMinute } from "date-fns/constants";
import { zone } from "./settings.ts";

/** A time in the chosen zone: `24 Nov 2026, 02:00:05`. */
export function time(iso: string | number, seconds = true): string {
  return new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone.value, hourCycle: "h23", day: "numeric", month: "short", year: "numeric", hour: "2-digit" },
    ...{ minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) },
  }).format(new Date(iso));
}

/** `02:00:05`. */
export function clock(iso: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone.value, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  }).format(new Date(iso));
}

/** `2 h ago`, `in 9 h`. */
export function relative(iso: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const size = Math.abs(seconds);
  const [value, unit] =
    size < secondsInMinute
      ? [size, "s"]
      : size < 5400
        ? [Math.round(size / secondsInMinute), "min"]
        : size < 129_600
          ? [Math.round(size / secondsInHour), "h"]
          : [Math.round(size / secondsInDay), "days"];
  return seconds <= 0 ? `${value} ${unit} ago` : `in ${value} ${unit}`;
}

/** `1.2 M`, `83.7 k`, `512`. */
export function short(number: number): string {
  if (Math.abs(number) >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (Math.abs(number) >= 1e4) return `${(number / 1e3).toFixed(1)} k`;
  return number.toLocaleString("en-US");
}
