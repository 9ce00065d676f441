import { createHash } from "node:crypto";
import { minuteMs } from "../pipeline/window/units.ts";
import type { CronTimes } from "./cron.ts";

export const catchUps = ["latest", "none", "all"] as const;
export const overlaps = ["skip", "queue"] as const;

export type Schedule = {
  name: string;
  cron: string;
  timezone: string;
  /** Which of the times that passed while no scheduler was running are made up for. */
  catchUp: (typeof catchUps)[number];
  /** What happens to a time at which another run holds the warehouse. */
  overlap: (typeof overlaps)[number];
  /** Each start is later by a fixed part of this: many homes do not ask the source in the same second. */
  jitterSeconds: number;
  /** Minutes after the due time by which the run should have ended well. */
  lateAfterMinutes: number;
  /** Arguments of `pipeline run`. */
  runOptions: string[];
  paused: boolean;
  createdAt: number;
  /** Milliseconds since 1970; null where no further time comes. */
  nextDueAt: number | null;
};

export type DueSlot = { dueAt: number; startAt: number; state: "due" | "missed" };

/** A time that is noticed this late was missed: nobody was there. */
const graceMs = minuteMs;
/** Missed times that are remembered one by one: a schedule of every minute may have missed a year. */
const mostSlots = 1000;

/** What a schedule owes at `now`, oldest first, and when it is due next. Pure: the same times give the same slots. */
export function dueSlots(
  schedule: Pick<Schedule, "name" | "catchUp" | "jitterSeconds" | "nextDueAt">,
  times: CronTimes,
  now: number,
): { slots: DueSlot[]; nextDueAt: number | null } {
  const { due, next } = passedTimes(schedule.nextDueAt, times, now);
  const slots = due.map((dueAt, i): DueSlot => {
    const isMissed = now - dueAt > graceMs;
    const isLatest = i === due.length - 1;
    const isMadeUp = schedule.catchUp === "all" || (schedule.catchUp === "latest" && isLatest);
    const startAt = dueAt + jitterMs(schedule.name, dueAt, schedule.jitterSeconds);
    return { dueAt, startAt, state: isMissed && !isMadeUp ? "missed" : "due" };
  });
  return { slots, nextDueAt: next };
}

/** The newest times from `first` to `now`, oldest first, and the one after them. Of a long time only its end is gone through. */
function passedTimes(first: number | null, times: CronTimes, now: number): { due: number[]; next: number | null } {
  for (let from = first; ; ) {
    const due: number[] = [];
    let next = from;
    while (next !== null && next <= now && due.length <= 2 * mostSlots) {
      due.push(next);
      next = times.next(next);
    }
    if (next === null || next > now) return { due: due.slice(-mostSlots), next };
    from = times.next(from! + (now - from!) / 2);
  }
}

/** A part of the jitter that is always the same for a schedule's time, whichever scheduler asks. */
function jitterMs(name: string, dueAt: number, seconds: number): number {
  const share = createHash("sha256").update(`${name} ${dueAt}`).digest().readUInt32BE() / 2 ** 32;
  return Math.floor(share * seconds * 1000);
}
