import { Problem } from "./api/problem.ts";

/** Seconds after which whoever was sent away may come again. */
const againSeconds = 5;

/** Work of which some is done side by side, and the rest waits for its turn. */
export class Queue {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Throws a 503 where too many wait already. Whose signal is aborted waits no longer, and rejects with its reason. */
  async turn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw new Problem(503, "Too many queries are waiting. Try again in a few seconds.", againSeconds);
      }
      await this.#wait(signal);
    } else this.#underWay++;
    try {
      return await work();
    } finally {
      // The place goes to the next one, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.throwIfAborted();
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(go);
    });
  }
}
