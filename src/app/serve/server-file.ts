import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../files/folder.ts";
import { privateMode } from "../../files/private-file.ts";
import { isProven, type Lease, leaseOf, processState } from "../../history/lease.ts";
import { PipelineError } from "../../run/errors.ts";

/** What a running server leaves in its home for other commands. */
export type ServerFacts = {
  url: string;
  startedAt: string;
  log: string | null;
  /** Where its token stands; missing in the file of an earlier version. */
  tokenFile?: string | null;
  lease: Lease;
};

const fileOf = (home: string) => join(home, "server.json");

/** Says in the home that this process is its server. */
export function writeServerFile(home: string, facts: Omit<ServerFacts, "lease">): void {
  makeFolder(home);
  writeFileSync(fileOf(home), `${JSON.stringify({ ...facts, lease: leaseOf(process.pid) })}\n`, { mode: privateMode });
}

/** Removes what {@link writeServerFile} wrote, unless another process has taken over meanwhile. */
export function removeServerFile(home: string): void {
  if (tryRunningServer(home)?.lease.pid === process.pid) rmSync(fileOf(home), { force: true });
}

/** The server of a home; null where none is up (a file of one that was killed counts for nothing). Throws `server_failed` where another user's cannot be read. */
export function runningServer(home: string): ServerFacts | null {
  let facts: ServerFacts;
  try {
    facts = JSON.parse(readFileSync(fileOf(home), "utf8")) as ServerFacts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw unreadable(home, error);
    return null; // not there, or cut off by a crash: whoever wrote it is gone
  }
  return processState(facts.lease) === "gone" ? null : facts;
}

/** Like {@link runningServer}, but null if the file cannot be read. */
export function tryRunningServer(home: string): ServerFacts | null {
  try {
    return runningServer(home);
  } catch (error) {
    if (error instanceof PipelineError) return null;
    throw error;
  }
}

function unreadable(home: string, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "server_failed",
      message: `${fileOf(home)} cannot be read by this user: only its owner can tell whether a server is up.`,
      data: "Nothing was read or changed.",
      next: "Run the command as the user who runs the server.",
    },
    { cause },
  );
}

/** The server of a home, and what it says of itself: nothing yet where it starts just now. */
export type KnownServer = { pid: number; elsewhere?: string; facts: ServerFacts | null };

/** The server of a home, given who holds its lock; one of an earlier version keeps none, and is known by its file. */
export function knownServer(home: string, holder: Omit<KnownServer, "facts"> | undefined): KnownServer | null {
  const facts = runningServer(home);
  if (holder !== undefined) return { ...holder, facts: facts?.lease.pid === holder.pid ? facts : null };
  return facts === null || !isProven(facts.lease) ? null : { pid: facts.lease.pid, facts };
}
