import { readFileSync } from "node:fs";

/** Which boot of the machine this is; null where the system does not tell. */
export function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}

/** Milliseconds on a clock of the machine that nobody sets, the same one in all its processes. */
export function sinceBoot(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
