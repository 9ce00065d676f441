import { isAnswering, serverOf, stopServer } from "../../app/serve/running.ts";
import { findHome } from "../../config/home.ts";
import { withHomeOptions } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";

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
    process.stdout.write(withHomeOptions("No server of this home is up. Start one: pipeline server start\n"));
  else if (!options.quiet || !answers) {
    process.stdout.write(
      `${facts.url} ${answers ? "is up" : "does not answer"}: process ${facts.lease.pid}, since ${facts.startedAt}${facts.log === null ? "" : `, log ${facts.log}`}\n`,
    );
  }
  return answers ? 0 : 1;
}

/** `pipeline server stop`. */
export async function serverStop(options: GlobalOptions): Promise<number> {
  const stopped = await stopServer(await findHome(options, options.config));
  if (stopped === null) {
    if (options.json) process.stdout.write(`${JSON.stringify({ stopped: false })}\n`);
    else if (!options.quiet) process.stdout.write("No server of this home is up.\n");
    return 0;
  }
  const { pid, signal } = stopped;
  if (options.json) process.stdout.write(`${JSON.stringify({ stopped: true, pid, signal })}\n`);
  else if (!options.quiet) {
    process.stdout.write(`Stopped${signal === "SIGKILL" ? " by force" : ""}. Runs that it started go on.\n`);
  }
  return 0;
}
