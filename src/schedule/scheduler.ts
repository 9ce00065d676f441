import { randomUUID } from "node:crypto";
import { minuteMs } from "../pipeline/window/units.ts";
import type { Schedule } from "./due.ts";
import type { ScheduleStore, Slot, Starter } from "./store.ts";

/** What a scheduler needs of the runs it starts; whoever makes one knows how they are started and what became of them. */
export type RunLauncher = {
  /** This process. */
  starter: Starter;
  /** Whether a run has the warehouse now, whoever started it. */
  isBusy(): Promise<boolean>;
  /** Starts a run as a process of its own; resolves to its exit code when it is over, null where it was killed. */
  start(schedule: Schedule, runId: string): Promise<number | null>;
  /** open, over, or unknown where the history has no such run. */
  stateOf(runId: string): Promise<"open" | "over" | "unknown">;
  isAlive(starter: Starter): boolean;
  /** A run that should have ended well by now has not. */
  late(schedule: Schedule, slot: Slot): void;
};

/** A slot may wait this long for the run before it; later, its own run counts as overlapping. */
const overlapMs = minuteMs;
/** Milliseconds in which a started run appears in the history, or is over. */
const startMs = minuteMs;

/**
 * Starts what is due. Everything it knows is in the store, so several may work on the same home, and one that was killed leaves
 * nothing behind: each due time is started once.
 */
export class Scheduler {
  readonly #store: ScheduleStore;
  readonly #runs: RunLauncher;
  /** Runs that were started here and are not over. */
  readonly #underWay = new Set<Promise<void>>();
  /** Ends of runs that the store does not have yet: it could not be written when they came. */
  #ended: { slot: Slot; exitCode: number | null }[] = [];

  constructor(store: ScheduleStore, runs: RunLauncher) {
    this.#store = store;
    this.#runs = runs;
  }

  /** One look at the clock. */
  async tick(now: number): Promise<void> {
    if (!this.#store.isThere()) return;
    this.#settleEnded();
    this.#store.makeSlots(now);
    await this.#settle(now);
    this.#startNext(now, await this.#runs.isBusy());
    const schedules = new Map(this.#store.list().map((schedule) => [schedule.name, schedule]));
    for (const slot of this.#store.takeLate(now)) this.#runs.late(schedules.get(slot.schedule)!, slot);
  }

  /** Resolves when every run that was started here is over. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Slots whose starter is gone: their runs are over, go on by themselves, or never came to be. */
  async #settle(now: number): Promise<void> {
    for (const slot of this.#store.started()) {
      const { starter, runId, startedAt } = slot;
      if (starter === null || runId === null || this.#runs.isAlive(starter)) continue;
      const state = await this.#runs.stateOf(runId);
      if (state === "over") this.#store.end(slot, null);
      if (state === "unknown" && now - (startedAt ?? 0) > startMs && !(await this.#runs.isBusy()))
        this.#store.giveBack(slot);
    }
  }

  /** One run at a time: they would refuse each other. */
  #startNext(now: number, isHeld: boolean): void {
    const waiting = this.#store.startable(now);
    if (waiting.length === 0) return;
    const schedules = new Map(this.#store.list().map((schedule) => [schedule.name, schedule]));
    const isBusy = isHeld || this.#store.started().length > 0;
    for (const slot of waiting) {
      const schedule = schedules.get(slot.schedule)!;
      if (schedule.paused) continue;
      if (!isBusy) {
        this.#start(schedule, slot, now);
        return;
      }
      // What is made up for after a pause of the scheduler takes its turn; it has missed its time anyway.
      if (schedule.overlap === "skip" && now - slot.startAt <= overlapMs) this.#store.skip(slot);
    }
  }

  #start(schedule: Schedule, slot: Slot, now: number): void {
    const runId = randomUUID();
    if (!this.#store.take(slot, runId, this.#runs.starter, now)) return;
    // One that cannot be started is over: whoever starts it says why, and the next due time is tried anew.
    const run: Promise<void> = this.#exitCodeOf(schedule, runId).then((exitCode) => {
      this.#ended.push({ slot, exitCode });
      this.#underWay.delete(run);
      try {
        this.#settleEnded();
      } catch {
        // It is written with the next look, which says what is wrong with the store.
      }
    });
    this.#underWay.add(run);
  }

  async #exitCodeOf(schedule: Schedule, runId: string): Promise<number | null> {
    try {
      return await this.#runs.start(schedule, runId);
    } catch {
      return null; // it was never started
    }
  }

  #settleEnded(): void {
    for (let [next] = this.#ended; next !== undefined; [next] = this.#ended) {
      this.#store.end(next.slot, next.exitCode);
      this.#ended.shift();
    }
  }
}
