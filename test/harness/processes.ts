import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Whether processes can be looked at here; a test that must skips itself elsewhere. */
export const canListProcesses = existsSync("/proc/self/environ");

/** Processes that dbt was started in for this database, whoever is left of them. */
export function dbtProcesses(database: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`PIPELINE_DBT_DATABASE=${database}`);
      } catch {
        return false; // it ended while the list was read
      }
    })
    .map(Number);
}

/** Waits until no dbt is left: a process that vanishes sends no event. */
export async function dbtIsGone(database: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (dbtProcesses(database).length === 0) return;
    await setTimeout(50);
  }
  throw new Error(`dbt is still there: ${dbtProcesses(database).join(", ")}`);
}
