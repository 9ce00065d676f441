import { Cron } from "croner";
import { PipelineError } from "../run/errors.ts";

/**
 * Times that a cron expression names: five fields (minute, hour, day of month, month, day of week) or a word such as `@daily`,
 * read in an IANA time zone. A time that the clock leaps over (spring) is the first one after the gap; one that comes twice
 * (autumn) counts the first time, while fields that name every hour count every hour that passes.
 */
export type CronTimes = {
  /** The first time after this one, in milliseconds since 1970; null where there is none. */
  next(after: number): number | null;
};

/** Throws `schedule_invalid` where the expression or the zone is none, or names no time at all. */
export function cronTimes(cron: string, timezone: string): CronTimes {
  if (!isTimeZone(timezone)) {
    throw invalid(
      `"${timezone}" is no time zone`,
      "Give an IANA name, such as Europe/Berlin, America/New_York or UTC.",
    );
  }
  let parsed: Cron;
  // The parser takes a single date too, which is none.
  if (!/^\s*(@\w+|\S+(\s+\S+){4})\s*$/.test(cron)) throw invalid(`"${cron}" is no cron expression`, cronHelp);
  try {
    parsed = new Cron(cron.trim(), { timezone, mode: "5-part", paused: true });
  } catch (error) {
    const why = (error as Error).message.replace(/^CronPattern: /, "").split(/[,.] /)[0];
    throw invalid(`"${cron}" is no cron expression: ${why}`, cronHelp);
  }
  const times: CronTimes = { next: (after) => parsed.nextRun(new Date(after))?.getTime() ?? null };
  if (times.next(Date.UTC(2024, 0, 1)) === null) throw invalid(`"${cron}" names no time that ever comes`, cronHelp);
  return times;
}

const cronHelp =
  'Give five fields (minute, hour, day of month, month, day of week), such as "0 2 * * *" for every night at 2, or @daily.';

function invalid(what: string, next: string): PipelineError {
  return new PipelineError({ code: "schedule_invalid", message: `${what}.`, data: "Nothing was changed.", next });
}

/** Whether a text is the name of an IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    // Offsets such as +01:00 are accepted there too, but know nothing of daylight saving time.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** The first `count` times after `after`. */
export function nextTimes(times: CronTimes, after: number, count: number): number[] {
  const found: number[] = [];
  for (let at = times.next(after); at !== null && found.length < count; at = times.next(at)) found.push(at);
  return found;
}

/** A time as people of the zone read it, with the offset: `Tue 2026-11-24 02:00 +01:00`. */
export function formatInZone(at: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    ...{ timeZone: timezone, hourCycle: "h23", weekday: "short", timeZoneName: "longOffset" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((found) => found.type === type)?.value ?? "";
  const offset = part("timeZoneName").replace("GMT", "") || "+00:00";
  const weekday = part("weekday").replace(".", "");
  return `${weekday} ${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")} ${offset}`;
}
