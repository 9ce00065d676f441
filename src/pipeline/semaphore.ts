/** A place in a {@link Semaphore}, or in the line before it. */
export type Turn = {
  /** Resolves when the place is taken. */
  acquired: Promise<void>;
  /** Gives the place back, or leaves the line. */
  release(): void;
};

/** Lets so many in at once; the others wait in the order they came. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `places` is 1 or more: with none, everybody would wait for ever. */
  constructor(places: number) {
    if (!(places >= 1)) throw new RangeError(`a semaphore of ${places} places`);
    this.#free = places;
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  acquire(): Turn {
    if (this.#free > 0) {
      this.#free--;
      return { acquired: Promise.resolve(), release: () => this.#next() };
    }
    const { promise: entered, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const leave = () => {
      const at = this.#waiting.indexOf(resolve);
      if (at < 0) this.#next();
      else this.#waiting.splice(at, 1);
    };
    return { acquired: entered, release: leave };
  }

  /** Does some work in a place of its own. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { acquired: entered, release: leave } = this.acquire();
    try {
      await entered;
      return await work();
    } finally {
      leave();
    }
  }

  /** A place is free: the first of the line has it. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
