import { setTimeout } from "node:timers/promises";
import { isProven } from "../../history/lease.ts";
import { PipelineError } from "../../run/errors.ts";
import { serverHolder } from "../home/runs.ts";
import { type KnownServer, knownServer } from "./server-file.ts";

/** Time for the server to close, before it is killed. */
const graceMs = 10_000;
/** Milliseconds that a server has to write its address, once it has the home. */
const addressMs = 5000;

/** The server of a home; null where none is up. */
export function serverOf(home: string): KnownServer | null {
  return knownServer(home, serverHolder(home));
}

/** The server of a home, once it has written its address, or has had the time for it; null where none is up any more. */
export async function serverWithAddress(home: string): Promise<KnownServer | null> {
  for (const end = performance.now() + addressMs; ; await setTimeout(50)) {
    const server = serverOf(home);
    if (server === null || server.facts !== null || performance.now() > end) return server;
  }
}

/** Whether the server at an address answers. */
export async function isAnswering(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

/**
 * Stops the server of a home: asks it, and kills it when it does not end in time. Runs that it started go on. Null where none is up. Throws
 * `server_failed` where it cannot be stopped, or where nothing proves that the process is the server.
 */
export async function stopServer(home: string): Promise<{ pid: number; signal: "SIGTERM" | "SIGKILL" } | null> {
  const server = await serverWithAddress(home);
  if (server === null) return null;
  const { pid, elsewhere, facts } = server;
  if (elsewhere !== undefined) throw cannotStop(pid, new Error(`it runs on ${elsewhere}`));
  // A number alone may be another process' by now.
  if (facts === null || !isProven(facts.lease))
    throw cannotStop(pid, new Error("it cannot be proved that it is the server"));
  const isGone = async (withinMs: number) => {
    for (const end = performance.now() + withinMs; performance.now() < end; await setTimeout(25)) {
      if (serverOf(home)?.pid !== pid) return true;
    }
    return false;
  };
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      if (isProven(facts.lease)) process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw cannotStop(pid, error);
    }
    if (await isGone(graceMs)) return { pid, signal };
  }
  throw cannotStop(pid, new Error("it is still there"));
}

function cannotStop(pid: number, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "server_failed",
      message: `The server, process ${pid}, could not be stopped: ${(cause as Error).message}.`,
      data: "No run was touched.",
      next: "Stop it as the user who started it.",
    },
    { cause },
  );
}
