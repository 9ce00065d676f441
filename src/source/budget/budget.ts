import type { RateClass } from "../../pipeline/scope/strategy.ts";
import { minuteMs } from "../../pipeline/window/units.ts";

/** Called before a wait, with its milliseconds. */
export type OnWait = (waitMs: number, perMinute: number) => void;

/** How often the source may be asked requests of one class (invariant 6). */
export interface RateBudget {
  /** Resolves when a request may be sent; those who ask in this process have their turns in the order in which they asked. */
  take(signal: AbortSignal, onWait: OnWait): Promise<void>;
  /** Nobody asks before `ms` have passed: the source has said so. */
  pause(ms: number): Promise<void>;
}

/** A budget for each class of requests. */
export type RateBudgets = Readonly<Record<RateClass, RateBudget>>;

/** Milliseconds within which no more than so many requests are sent. The source counts when one arrives, we when it leaves: half a second more. */
export const windowMs = minuteMs + 500;
