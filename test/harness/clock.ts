import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { temporaryFolder } from "./context.ts";

const shifted = resolve("test/harness/fixtures/shifted-clock.mjs");

/** A clock for processes that a test starts: their `Date` is off by what the test says, while they run. */
export type ShiftedClock = { env: Record<string, string>; shift(ms: number): void };

export function shiftedClock(ms = 0): ShiftedClock {
  const file = join(temporaryFolder(), "shift");
  const shift = (by: number) => writeFileSync(file, String(by));
  shift(ms);
  return { env: { NODE_OPTIONS: `--import ${shifted}`, TEST_CLOCK_SHIFT: file }, shift };
}

/** The environment of a process that is started at noon of a day, in UTC. */
export function clockOn(day: string): Record<string, string> {
  return shiftedClock(Date.parse(`${day}T12:00:00Z`) - Date.now()).env;
}
