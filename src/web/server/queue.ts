import { Semaphore } from "../../pipeline/semaphore.ts";
import { Problem } from "./api/problem.ts";

/** Seconds after which whoever was sent away may come again. */
const retryAfterSeconds = 5;

/** Requests of which some are answered side by side; a limited number of others waits. */
export class Queue {
  readonly #semaphore: Semaphore;
  readonly #mostWaiting: number;

  constructor(atOnce: number, mostWaiting: number) {
    this.#semaphore = new Semaphore(atOnce);
    this.#mostWaiting = mostWaiting;
  }

  /** Throws a 503 where too many wait already. Whose signal is aborted waits no longer, and rejects with its reason. */
  async turn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#semaphore.waiting >= this.#mostWaiting) {
      throw new Problem(503, "Too many queries are waiting. Try again in a few seconds.", retryAfterSeconds);
    }
    const { acquired: entered, release: leave } = this.#semaphore.acquire();
    try {
      await orAborted(entered, signal);
      return await work();
    } finally {
      leave();
    }
  }
}

/** Settles like the promise, or rejects with the signal's reason when that is aborted first. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
