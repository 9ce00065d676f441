import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Whether processes can be looked at here; a test that must skips itself elsewhere. */
export const canListProcesses = existsSync("/proc/self/environ");

/** Processes of a run with this home: itself, the sample source, dbt and whatever they started. */
export function processesOf(home: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`PIPELINE_HOME=${home}`);
      } catch {
        return false; // it ended while the list was read
      }
    })
    .map(Number);
}

/** Waits until none is left: a process that vanishes sends no event. */
export async function allAreGone(home: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (processesOf(home).length === 0) return;
    await setTimeout(50);
  }
  throw new Error(`still there: ${processesOf(home).join(", ")}`);
}

/** Resolves when a process is suspended. */
export async function isSuspended(pid: number): Promise<void> {
  while (!/^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await setTimeout(20);
}
