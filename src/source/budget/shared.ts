import type { Clock } from "../../pipeline/clock.ts";
import type { RateClass } from "../../pipeline/scope/strategy.ts";
import { Semaphore } from "../../pipeline/semaphore.ts";
import { isBusy } from "../../sqlite/sqlite.ts";
import type { OnWait, RateBudget, RateBudgets } from "./budget.ts";
import { OwnBudget } from "./own.ts";
import { type Moment, RequestLog } from "./request-log.ts";

export type SharedOptions = {
  /** The file in which the processes of a home count their requests; made where there is none. */
  path: string;
  /** What the source is called there, without user, password and parameters. */
  source: string;
  perMinute: Readonly<Record<RateClass, number>>;
  clock: Clock;
  /** Which boot it is, and the milliseconds since then, on a clock that nobody sets. */
  boot: string;
  sinceBoot(): number;
  /** Called once, with the reason, when the file cannot be used: this process keeps to the rates by itself from then on. */
  onLost(reason: string): void;
};

/** How long another process may have the file: its writes take a millisecond. */
const longestBusyMs = 2000;
const retryMs = 20;

/** Budgets that all processes of a home share. */
export function sharedBudgets(options: SharedOptions): RateBudgets & { close(): void } {
  const log = new OpenLog(options);
  const of = (rateClass: RateClass) => new SharedBudget(rateClass, options, log);
  return { search: of("search"), export: of("export"), document: of("document"), close: () => log.close() };
}

/** The file, opened when it is first needed; null once it cannot be used. */
class OpenLog {
  readonly #options: SharedOptions;
  #log: RequestLog | null | undefined;

  constructor(options: SharedOptions) {
    this.#options = options;
  }

  /** Uses the file, again where another process has it; undefined where it cannot be used any more. */
  async use<T>(work: (log: RequestLog, now: Moment) => T, signal: AbortSignal): Promise<T | undefined> {
    const { path, boot, sinceBoot, clock, onLost } = this.#options;
    for (const began = clock.monotonic(); this.#log !== null; await clock.sleep(retryMs, signal)) {
      try {
        this.#log ??= new RequestLog(path);
        return work(this.#log, { boot, at: sinceBoot(), wall: clock.now() });
      } catch (error) {
        if (isBusy(error) && clock.monotonic() - began < longestBusyMs) continue;
        this.close();
        this.#log = null;
        onLost(error instanceof Error ? error.message : String(error));
      }
    }
    return undefined;
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
  }
}

class SharedBudget implements RateBudget {
  readonly #rateClass: RateClass;
  readonly #options: SharedOptions;
  readonly #log: OpenLog;
  /** What this process keeps to where the file cannot be used. */
  readonly #own: OwnBudget;
  /** One at a time, in the order they ask. */
  readonly #turns = new Semaphore(1);

  constructor(rateClass: RateClass, options: SharedOptions, log: OpenLog) {
    this.#rateClass = rateClass;
    this.#options = options;
    this.#log = log;
    this.#own = new OwnBudget(options.perMinute[rateClass], options.clock);
  }

  async take(signal: AbortSignal, onWait: OnWait): Promise<void> {
    return this.#turns.run(() => this.#wait(signal, onWait));
  }

  async pause(ms: number): Promise<void> {
    await this.#own.pause(ms);
    await this.#log.use((log, now) => log.pause(this.#turn, ms, now), neverAborted);
  }

  get #turn() {
    return { source: this.#options.source, class: this.#rateClass };
  }

  async #wait(signal: AbortSignal, onWait: OnWait): Promise<void> {
    const { clock, perMinute } = this.#options;
    const most = perMinute[this.#rateClass];
    for (let reported = false; ; reported = true) {
      signal.throwIfAborted();
      const waitMs = await this.#log.use((log, now) => log.take(this.#turn, most, now), signal);
      if (waitMs === undefined) return this.#own.take(signal, onWait);
      // It is counted here, too: where the file is lost later, this process goes on with that count.
      if (waitMs === 0) return this.#own.note();
      if (!reported) onWait(waitMs, most);
      await clock.sleep(waitMs, signal);
    }
  }
}

const neverAborted = new AbortController().signal;
