import { PipelineError } from "../run/errors.ts";

/** npx, timeout and systemd send the same signal twice: within this time it counts once (invariant 13). */
const sameMs = 2000;
const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 15 };

export type Cancellation = {
  signal: AbortSignal;
  /** 130 or 143 after a signal, else undefined. */
  exitCode(): number | undefined;
  stop(): void;
};

/** What is cancelled, what then stands, and what to do. */
type CancelMessage = { subject: string; data: string; next: string };

export const runCancelMessage: CancelMessage = {
  subject: "The run",
  data: "What was begun was rolled back; companies that were already loaded stay loaded.",
  next: "Run again: it goes on from there.",
};

/** The words of a command that changes nothing, such as `The plan`. */
export function readingCancelMessage(subject: string): CancelMessage {
  return { subject, data: "Nothing was changed.", next: "Start it again." };
}

/** Turns Ctrl-C, SIGTERM and SIGHUP into an abort, whose error has the exit code; a later second one ends the process at once. */
export function cancelOnSignals(words: CancelMessage): Cancellation {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let first = 0;
  const handlers = (Object.keys(numbers) as (keyof typeof numbers)[]).map((name) => {
    const handler = () => {
      const now = performance.now();
      if (exitCode !== undefined) {
        // Children notice that this process is gone and go too.
        if (now - first > sameMs) process.exit(exitCode);
        return;
      }
      first = now;
      exitCode = 128 + numbers[name];
      controller.abort(
        new PipelineError(
          {
            code: "cancelled",
            message: `${words.subject} was cancelled by ${name}.`,
            data: words.data,
            next: words.next,
          },
          { exitCode },
        ),
      );
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    stop() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
