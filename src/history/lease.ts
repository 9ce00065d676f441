import { readFileSync } from "node:fs";
import { hostOfProcess, isProcessAlive, type ProcessHost } from "../process/alive.ts";
import { bootId } from "../process/boot.ts";

/** Whose process a run is. Process ids are used again: the start time and the boot tell two of them apart. */
export type Lease = ProcessHost & {
  pid: number;
  /** Clock ticks from the boot to the start of the process; null where the system does not tell. */
  processStarted: string | null;
  boot: string | null;
};

export function leaseOf(pid: number): Lease {
  return { ...hostOfProcess(), pid, processStarted: startOf(pid), boot: bootId() };
}

/**
 * Whether the process of a lease is there. In its own place the system decides: a process that is slow, suspended or busy is alive however
 * old its heartbeat is. Of another machine or container nothing is known from here (invariant 9).
 */
export function processState(lease: Lease): "alive" | "gone" | "unknown" {
  const here = hostOfProcess();
  if (lease.host !== here.host) return "unknown";
  if (lease.boot !== bootId()) return "gone";
  // One without a namespace is of a version that did not keep it.
  if (lease.namespace != null && lease.namespace !== here.namespace) return "unknown";
  if (lease.processStarted !== null) return startOf(lease.pid) === lease.processStarted ? "alive" : "gone";
  return isProcessAlive(lease.pid) ? "alive" : "gone";
}

/** Whether the process of a lease is there, as far as the system tells. */
export function isAlive(lease: Lease): boolean {
  return processState(lease) === "alive";
}

/** Whether it is proved that the process of a lease is there, and is that one: only then may it be signalled (invariant 8). */
export function isProven(lease: Lease): boolean {
  return isAlive(lease) && lease.processStarted !== null && lease.boot !== null;
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
