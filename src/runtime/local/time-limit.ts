/** A limit in milliseconds, which starts anew with every progress and stands still during a pause. `onOver` is called once. */
export class TimeLimit {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When it was last started, and what was left then. */
  #startedAt = 0;
  #leftMs: number;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#leftMs = ms;
    this.#onOver = onOver;
    this.#start();
  }

  progress(): void {
    const isPaused = this.#timer === undefined;
    this.stop();
    this.#leftMs = this.#ms;
    if (!isPaused) this.#start();
  }

  pause(): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#leftMs -= performance.now() - this.#startedAt;
  }

  resume(): void {
    if (this.#timer === undefined) this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#onOver, Math.max(this.#leftMs, 0));
  }
}
