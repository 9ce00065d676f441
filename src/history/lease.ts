import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isProcessAlive } from "../process-alive.ts";

/** Whose process a run is. Process ids are used again: the start time and the boot tell two of them apart. */
export type Lease = {
  host: string;
  pid: number;
  /** Clock ticks from the boot to the start of the process; null where the system does not tell. */
  processStarted: string | null;
  boot: string | null;
};

/** Milliseconds without a heartbeat after which a run of another host counts as gone. */
const lostMs = 120_000;

export function leaseOf(pid: number): Lease {
  return { host: hostname(), pid, processStarted: startOf(pid), boot: bootId() };
}

/**
 * Whether the process of a lease is there. On this host the system decides: a process that is slow, suspended or busy is alive
 * however old its heartbeat is. Of another host only the heartbeat is known.
 */
export function isAlive(lease: Lease, heartbeatAt: number, now: number): boolean {
  if (lease.host !== hostname()) return now - heartbeatAt < lostMs;
  if (lease.boot !== bootId()) return false;
  if (lease.processStarted !== null) return startOf(lease.pid) === lease.processStarted;
  return isProcessAlive(lease.pid);
}

/** When a process started; null where it is not there (a zombie is not), or the system has no /proc. */
function startOf(pid: number): string | null {
  try {
    // The name, in parentheses, may hold spaces; state is the 3rd field, the start time the 22nd (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}
