import type { History } from "../history/history.ts";
import { didYouMean } from "../pipeline/names/spelling.ts";
import { dayMs, minuteMs } from "../pipeline/window/units.ts";
import { usageError } from "../run/errors.ts";
import { cronTimes } from "../schedule/cron.ts";
import { catchUps, overlaps, type Schedule } from "../schedule/due.ts";
import { machineTimeZone } from "../schedule/machine-zone.ts";
import type { Slot } from "../schedule/store.ts";

/** A schedule as people write it. */
export type ScheduleText = {
  cron: string;
  /** The machine's own where it is left out. */
  timezone?: string;
  catchUp: string;
  overlap: string;
  /** Seconds. */
  jitter: string;
  /** Minutes. */
  lateAfter: string;
};

/** A schedule out of what people write. `now` is epoch milliseconds. Throws `usage` and `schedule_invalid`. */
export function makeSchedule(name: string, runOptions: string[], text: ScheduleText, now: number): Schedule {
  const { cron, timezone = machineTimeZone(process.env.TZ), catchUp, overlap, jitter, lateAfter } = text;
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw wrong(`"${name}" cannot be a schedule's name: expected letters, digits, - and _, 64 at most.`);
  }
  const times = cronTimes(cron, timezone);
  return {
    ...{ name, cron: cron.trim(), timezone, runOptions, paused: false, createdAt: now },
    catchUp: oneOf("--catch-up", catchUp, catchUps),
    overlap: oneOf("--overlap", overlap, overlaps),
    jitterSeconds: whole("--jitter", jitter, 0, dayMs / 1000),
    lateAfterMinutes: whole("--late-after", lateAfter, 1, (7 * dayMs) / minuteMs),
    nextDueAt: times.next(now),
  };
}

function oneOf<const T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((word) => word === text);
  if (found === undefined)
    throw wrong(`${flag} is "${text}": expected ${known.join(", ").replace(/, (\w+)$/, " or $1")}.`);
  return found;
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw wrong(`${flag} is "${text}": expected a whole number from ${least} to ${most}.`);
  }
  return value;
}

function wrong(message: string) {
  return usageError(message, "See what there is with: pipeline schedule add --help");
}

export function scheduleExists(name: string) {
  return usageError(`A schedule "${name}" is there already.`, `Take it out first: pipeline schedule rm ${name}`);
}

/** The schedule of a name. Throws `usage` and names the nearest one. */
export function namedSchedule(schedules: readonly Schedule[], name: string): Schedule {
  const found = schedules.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  const names = schedules.map((schedule) => schedule.name);
  throw usageError(
    `No schedule is called "${name}".${didYouMean(name, names)}`,
    "See what there is with: pipeline schedule ls",
  );
}

/** The state of the slot's run, or what became of a slot that has none. */
export async function outcomeOf(slot: Slot, history: History | null): Promise<string> {
  if (slot.state === "missed") return "missed: no server was up";
  if (slot.state === "skipped") return "skipped: another run was under way";
  if (slot.state === "due") return "waits for its start";
  const [run] = slot.runId === null ? [] : ((await history?.find(slot.runId)) ?? []);
  if (run !== undefined) return run.state;
  return slot.state === "started" ? "starting" : `ended with exit code ${slot.exitCode ?? "unknown"}`;
}
