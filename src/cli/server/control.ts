import { setTimeout } from "node:timers/promises";
import { serverHolder } from "../../app/runs.ts";
import { findHome } from "../../config/home.ts";
import { isProven } from "../../history/lease.ts";
import { PipelineError } from "../../run/errors.ts";
import { type KnownServer, knownServer } from "../../web/server/server-file.ts";
import { hinted } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";

/** Time for the server to close, before it is killed. */
const graceMs = 10_000;
/** Milliseconds that a server has to say its address, once it has the home. */
const addressMs = 5000;

export function serverOf(home: string): KnownServer | null {
  return knownServer(home, serverHolder(home));
}

/** The server of a home, once it has said its address, or has had the time for it; null where none is up any more. */
export async function saidItsAddress(home: string): Promise<KnownServer | null> {
  for (const end = performance.now() + addressMs; ; await setTimeout(50)) {
    const server = serverOf(home);
    if (server === null || server.facts !== null || performance.now() > end) return server;
  }
}

/** `pipeline server status`: exit code 0 where one is up and answers, else 1. */
export async function serverStatus(options: GlobalOptions): Promise<number> {
  const home = await findHome(options, options.config);
  const server = serverOf(home);
  const facts = server?.facts ?? null;
  const answers = facts !== null && (await isAnswering(facts.url));
  const document = facts === null ? null : { ...facts, pid: facts.lease.pid, lease: undefined };
  if (options.json) process.stdout.write(`${JSON.stringify({ home, up: facts !== null, answers, ...document })}\n`);
  else if (server !== null && facts === null) process.stdout.write(`Process ${server.pid} starts just now.\n`);
  else if (facts === null)
    process.stdout.write(hinted("No server of this home is up. Start one: pipeline server start\n"));
  else if (!options.quiet || !answers) {
    process.stdout.write(
      `${facts.url} ${answers ? "is up" : "does not answer"}: process ${facts.lease.pid}, since ${facts.startedAt}${facts.log === null ? "" : `, log ${facts.log}`}\n`,
    );
  }
  return answers ? 0 : 1;
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

/** `pipeline server stop`: asks it, kills it when it does not go; runs that it started go on. */
export async function serverStop(options: GlobalOptions): Promise<number> {
  const home = await findHome(options, options.config);
  const server = await saidItsAddress(home);
  if (server === null) {
    if (options.json) process.stdout.write(`${JSON.stringify({ stopped: false })}\n`);
    else if (!options.quiet) process.stdout.write("No server of this home is up.\n");
    return 0;
  }
  const { pid, elsewhere, facts } = server;
  if (elsewhere !== undefined) throw notOurs(pid, new Error(`it runs on ${elsewhere}`));
  // A number alone may be another process' by now.
  if (facts === null || !isProven(facts.lease))
    throw notOurs(pid, new Error("it cannot be proved that it is the server"));
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
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw notOurs(pid, error);
    }
    if (await isGone(graceMs)) {
      if (options.json) process.stdout.write(`${JSON.stringify({ stopped: true, pid, signal })}\n`);
      else if (!options.quiet) {
        process.stdout.write(`Stopped${signal === "SIGKILL" ? " by force" : ""}. Runs that it started go on.\n`);
      }
      return 0;
    }
  }
  throw notOurs(pid, new Error("it is still there"));
}

function notOurs(pid: number, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "server_failed",
      what: `The server, process ${pid}, could not be stopped: ${(cause as Error).message}.`,
      data: "No run was touched.",
      next: "Stop it as the user who started it.",
    },
    { cause },
  );
}
