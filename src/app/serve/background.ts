import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { makeFolder } from "../../files/folder.ts";
import { startLogged } from "../../process/logged.ts";
import { PipelineError } from "../../run/errors.ts";
import type { ServeSettings } from "../wiring/serve.ts";
import { serverOf } from "./running.ts";
import type { OwnCommand } from "./scheduled-runs.ts";
import { runningServer, type ServerFacts } from "./server-file.ts";

/** Time in which a server in the background is up, or has said why not. */
const startMs = 30_000;

/**
 * Starts a server that outlives this process, with its output in `<home>/server.log`; `words` are those of `pipeline server start`. Resolves
 * when it answers; null where another one has the home. Throws `server_failed` with what it said where it ends before.
 */
export async function startInBackground(
  { home, env }: Pick<ServeSettings, "home" | "env">,
  command: OwnCommand,
  words: readonly string[],
): Promise<{ url: string; pid: number | undefined; log: string } | null> {
  makeFolder(home);
  const path = join(home, "server.log");
  const [program, ...args] = command([...words, "--log", path]);
  // It idles for months: a large nursery would keep 30 MB of what its answers were made of.
  const child = startLogged([program, "--max-semi-space-size=1", ...args], {
    ...{ env, path },
    unwritable: (error) => unwritableLog(path, error),
  });
  const ended = new AbortController();
  child.once("error", () => ended.abort()).once("exit", () => ended.abort());
  const facts = await factsOnceUp(home, child.pid, ended.signal);
  if (facts === null) {
    const server = serverOf(home);
    if (server !== null && server.pid !== child.pid) return null;
    throw notStarted(path);
  }
  child.unref();
  return { url: facts.url, pid: child.pid, log: path };
}

/** A process sends no event when it is ready: its file says so. */
async function factsOnceUp(home: string, pid: number | undefined, ended: AbortSignal): Promise<ServerFacts | null> {
  for (const end = performance.now() + startMs; performance.now() < end && !ended.aborted; await setTimeout(50)) {
    const facts = runningServer(home);
    if (facts?.lease.pid === pid) return facts;
  }
  return null;
}

function notStarted(path: string): PipelineError {
  const said = readFileSync(path, "utf8").trim().split("\n").slice(-3).join("\n");
  return new PipelineError({
    code: "server_failed",
    message: `The server did not start. It said:\n${said}`,
    data: "Nothing was changed.",
    next: `See all of it in ${path}.`,
  });
}

function unwritableLog(path: string, cause: Error): PipelineError {
  return new PipelineError(
    {
      code: "server_failed",
      message: `The log of the server, ${path}, cannot be written: ${cause.message}.`,
      data: "Nothing was changed.",
      next: "See that it is a file that can be written, or start the server without --background.",
    },
    { cause },
  );
}
