import { setTimeout } from "node:timers/promises";
import type { Clock } from "../pipeline/clock.ts";

/** The machine's own clock. */
export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  async sleep(ms, signal) {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
