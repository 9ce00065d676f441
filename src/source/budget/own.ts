import type { Clock } from "../../pipeline/clock.ts";
import type { RateClass } from "../../pipeline/scope/strategy.ts";
import { Semaphore } from "../../pipeline/semaphore.ts";
import { type OnWait, type RateBudget, type RateBudgets, windowMs } from "./budget.ts";

/** Budgets of this process alone, of so many requests a minute; each may be Infinity. */
export function ownBudgets(perMinute: Readonly<Record<RateClass, number>>, clock: Clock): RateBudgets {
  const of = (rateClass: RateClass) => new OwnBudget(perMinute[rateClass], clock);
  return { search: of("search"), export: of("export"), document: of("document") };
}

/** A budget of this process alone, shared by all its tasks. */
export class OwnBudget implements RateBudget {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #taken: number[] = [];
  #notBefore = 0;
  /** One at a time, in the order they ask. */
  readonly #turns = new Semaphore(1);

  /** `perMinute` may be Infinity. */
  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  async take(signal: AbortSignal, onWait: OnWait): Promise<void> {
    return this.#turns.run(() => this.#wait(signal, onWait));
  }

  async pause(ms: number): Promise<void> {
    this.#notBefore = Math.max(this.#notBefore, this.#clock.monotonic() + ms);
  }

  /** Counts a request that is sent now, which another count has allowed. */
  note(): void {
    this.#forget(this.#clock.monotonic());
    this.#taken.push(this.#clock.monotonic());
  }

  #forget(now: number): void {
    while (this.#taken.length > 0 && this.#taken[0]! <= now - windowMs) this.#taken.shift();
  }

  async #wait(signal: AbortSignal, onWait: OnWait): Promise<void> {
    for (let reported = false; ; reported = true) {
      signal.throwIfAborted();
      const now = this.#clock.monotonic();
      this.#forget(now);
      const oldest = this.#taken.length >= this.#perMinute ? this.#taken[0]! + windowMs : 0;
      const waitMs = Math.max(oldest, this.#notBefore) - now;
      if (waitMs <= 0) break;
      if (!reported) onWait(waitMs, this.#perMinute);
      await this.#clock.sleep(waitMs, signal);
    }
    this.note();
  }
}
