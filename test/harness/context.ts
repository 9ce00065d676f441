import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/pipeline/clock.ts";
import type { TaskContext } from "../../src/pipeline/steps/ports.ts";
import type { EventFacts } from "../../src/run/events.ts";

/** A task's context that remembers what was reported. */
export function testContext(signal = new AbortController().signal): TaskContext & { events: EventFacts[] } {
  const events: EventFacts[] = [];
  const traffic = { requests: 0, bytes: 0 };
  return {
    task: "test",
    signal,
    attempt: 1,
    traffic,
    events,
    report: (event) => void events.push(event),
  };
}

/** A clock that does not wait: it jumps to where a sleeper wants to be, and remembers how long each slept. */
export function jumpingClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      const until = now + ms;
      await Promise.resolve();
      now = Math.max(now, until);
    },
  };
}

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes when the test process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pipeline-test-"));
  folders.push(folder);
  return folder;
}
