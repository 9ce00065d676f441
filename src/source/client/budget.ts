import type { Clock } from "../../pipeline/clock.ts";
import type { RateClass } from "../../pipeline/scope/strategy.ts";
import { minuteMs } from "../../pipeline/window/units.ts";

const windowMs = minuteMs;
/** The source counts when a request arrives, we when it leaves. */
const marginMs = 500;

/** A budget for each class of requests. */
export type RateBudgets = Readonly<Record<RateClass, RateBudget>>;

/** Budgets of so many requests a minute; each may be Infinity. */
export function rateBudgets(perMinute: Readonly<Record<RateClass, number>>, clock: Clock): RateBudgets {
  const of = (rateClass: RateClass) => new RateBudget(perMinute[rateClass], clock);
  return { search: of("search"), export: of("export"), document: of("document") };
}

/**
 * How often this process may ask, shared by all its tasks (invariant 6): at most `perMinute` requests within any 60 s, in
 * the order they asked for their turn, and none before the time that the source named when it refused one.
 */
export class RateBudget {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #taken: number[] = [];
  #notBefore = 0;
  #queue: Promise<unknown> = Promise.resolve();

  /** `perMinute` may be Infinity. */
  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Resolves when a request may be sent. `onWait` is called before a wait, with its milliseconds. */
  async take(signal: AbortSignal, onWait: (waitMs: number, perMinute: number) => void): Promise<void> {
    const turn = this.#queue.then(() => this.#wait(signal, onWait));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Nobody asks before `ms` have passed. */
  pause(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#clock.monotonic() + ms);
  }

  async #wait(signal: AbortSignal, onWait: (waitMs: number, perMinute: number) => void): Promise<void> {
    for (let reported = false; ; reported = true) {
      signal.throwIfAborted();
      const now = this.#clock.monotonic();
      while (this.#taken.length > 0 && this.#taken[0]! <= now - windowMs - marginMs) this.#taken.shift();
      const oldest = this.#taken.length >= this.#perMinute ? this.#taken[0]! + windowMs + marginMs : 0;
      const waitMs = Math.max(oldest, this.#notBefore) - now;
      if (waitMs <= 0) break;
      if (!reported) onWait(waitMs, this.#perMinute);
      await this.#clock.sleep(waitMs, signal);
    }
    this.#taken.push(this.#clock.monotonic());
  }
}
