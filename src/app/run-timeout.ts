import { PipelineError } from "../run/errors.ts";

/** The signal of a run that may also be ended by its own time limit. `stop` ends the limit, not the run. */
export function withTimeout(signal: AbortSignal, seconds: number | null): { signal: AbortSignal; stop(): void } {
  if (seconds === null) return { signal, stop: () => undefined };
  const expired = new AbortController();
  const timer = setTimeout(() => {
    expired.abort(
      new PipelineError({
        code: "timed_out",
        message: `The run did not finish within ${seconds} s.`,
        data: "What it had not committed was rolled back; what was committed before stands.",
        next: "Run again: it goes on from there. If it is really that much work, raise runTimeoutSeconds.",
      }),
    );
  }, seconds * 1000);
  return { signal: AbortSignal.any([signal, expired.signal]), stop: () => clearTimeout(timer) };
}
