import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../pipeline/clock.ts";

/** A timer holds no more; what is longer would be over at once. */
const longestTimer = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  async sleep(ms, signal) {
    try {
      for (let left = ms; left > 0; left -= longestTimer) {
        await setTimeout(Math.min(left, longestTimer), undefined, { signal });
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
