import type { Config } from "../../config/config.ts";
import type { Handlers } from "../../pipeline/steps/handlers.ts";
import type { Report } from "../../run/events.ts";
import { systemClock } from "../../runtime/local/clock.ts";
import { LocalEngine } from "../../runtime/local/engine.ts";

export function wireEngine(
  config: Config,
  handlers: Partial<Handlers>,
  signal: AbortSignal,
  report: Report,
): LocalEngine {
  return new LocalEngine({
    handlers,
    signal,
    report,
    clock: systemClock,
    policy: { ...retryPolicy(config), retries: restarts },
  });
}

/** A company whose index moved or that does not add up starts again, 3 times in all (invariant 7). */
const restarts = 2;

export function retryPolicy(config: Config) {
  const { retries, retryDelaySeconds, extractTimeoutSeconds } = config;
  return { retries, delayMs: retryDelaySeconds * 1000, longestMs: extractTimeoutSeconds * 1000 };
}
