import { readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Where a process id means something: a machine, and on it a PID namespace, such as a container's. */
export type ProcessHost = { host: string /** Null where the system has none. */; namespace: string | null };

export function hostOfProcess(): ProcessHost {
  return { host: hostname(), namespace: pidNamespace() };
}

/** The PID namespace of this process: containers that share a host name do not share it. */
function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/** Whether there is a process with this id; one of another user counts. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
