/** Time, as an argument: tests run it faster. */
export type Clock = {
  /** Epoch milliseconds, for what is shown or stored. The clock may be set, ahead or back, at any time. */
  now(): number;
  /** Milliseconds since some moment, which nobody sets: for every wait, grace and duration. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
};
