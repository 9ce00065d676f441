import { Problem } from "./problem.ts";

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

  /** Throws a 503 where too many wait already. */
  async turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw new Problem(503, "Too many queries are waiting. Try again in a few seconds.", againSeconds);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
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
}
