import pRetry from "p-retry";
import type { Clock } from "../pipeline/clock.ts";
import { minuteMs } from "../pipeline/window/units.ts";

/** What became of something that was sent; no error where it arrived. */
export type Delivery = { channel: string; attempts: number; error: string | null };

/** Waits between the attempts of one round; the next run or the server starts the next round. */
const waitsMs = [1000, 4000];
const attemptMs = 10_000;

/** Sends through one channel, three times at most. Never rejects: a failure is in the result. */
export async function deliver(
  channel: string,
  send: (signal: AbortSignal) => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Delivery> {
  let attempts = 0;
  try {
    await pRetry(
      (attempt) => {
        attempts = attempt;
        return send(AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])).catch(retryable);
      },
      {
        retries: waitsMs.length,
        minTimeout: 0,
        async shouldRetry({ attemptNumber }) {
          if (signal.aborted) return false;
          // An abort ends the wait; the next attempt then says so.
          await clock.sleep(waitsMs[attemptNumber - 1]!, signal).catch(() => undefined);
          return true;
        },
      },
    );
    return { channel, attempts, error: null };
  } catch (error) {
    return { channel, attempts, error: reason(error) };
  }
}

/** p-retry takes a TypeError for a bug, and so would not try again what the network or a setting threw. */
function retryable(error: unknown): never {
  throw error instanceof TypeError ? new Error(error.message, { cause: error }) : error;
}

function reason(error: unknown): string {
  if ((error as Error).name === "TimeoutError") return `no answer within ${attemptMs / 1000} s`;
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}

/** Milliseconds before the next round, after so many; null after the last one (about a day). */
export function nextAttemptDelayMs(rounds: number): number | null {
  const minutes = [1, 5, 15, 60, 240, 720][rounds - 1];
  return minutes === undefined ? null : minutes * minuteMs;
}
