import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { checkWritable } from "../../app/home-record.ts";
import { takeServerLock } from "../../app/runs.ts";
import { type Late, lookForNotices, type Told } from "../../app/wiring/notify.ts";
import type { Config } from "../../config/config.ts";
import { makeFolder } from "../../files/folder.ts";
import { othersMay } from "../../files/private-file.ts";
import { shellWord } from "../../pipeline/words.ts";
import { startLogged } from "../../process/logged.ts";
import { factsOf, PipelineError } from "../../run/errors.ts";
import { inZone } from "../../schedule/cron.ts";
import { Scheduler } from "../../schedule/scheduler.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import type { HistoryHandle } from "../../web/server/history-handle.ts";
import { startServer } from "../../web/server/server.ts";
import { announce, runningServer, type ServerFacts, withdraw } from "../../web/server/server-file.ts";
import { hinted } from "../hints.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { ownCommand } from "../own-command.ts";
import { cancelOnSignals, ofReading } from "../signals.ts";
import { wrong } from "../usage-error.ts";
import { saidItsAddress, serverOf } from "./control.ts";
import { readToken, serverHome } from "./home.ts";
import { scheduledRuns } from "./scheduled-runs.ts";

export type ServerStartOptions = GlobalOptions & {
  port: string;
  host: string;
  background?: boolean;
  log?: string;
  tokenFile?: string;
  publicUrl?: string;
};

/** How often the scheduler looks at the clock. */
const tickMs = 1000;
/** How often it looks for what somebody should be told. */
const noticeMs = 2000;
/** Milliseconds that a look waits for another process' write of the schedules: pages wait as long, and the next look is soon. */
const storePatienceMs = 250;
/** Time in which a server in the background is up, or has said why not. */
const startMs = 30_000;
const nothingStarted = "Nothing was started.";

/** `pipeline server start`: scheduler, watch for late runs and JSON, until it is stopped. */
export async function serverStart(options: ServerStartOptions): Promise<number> {
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65_535) {
    throw wrong(
      `--port is "${options.port}": expected a number from 0 to 65535.`,
      "Leave it out for 4200.",
      nothingStarted,
    );
  }
  const publicOrigin = originOf(options.publicUrl);
  const { config } = await configOf(options);
  checkWritable(config.home);
  if (serverOf(config.home) !== null) throw await isUpAlready(config.home);
  if (options.background) return startInBackground(config, options);
  let lock: ReturnType<typeof takeServerLock>;
  try {
    lock = takeServerLock(config.home);
  } catch (error) {
    const isHeld = error instanceof PipelineError && error.code === "warehouse_locked";
    throw isHeld ? await isUpAlready(config.home) : error;
  }
  try {
    return await serve(config, options, port, publicOrigin);
  } finally {
    lock.release();
  }
}

/** The origin of `--public-url`: pages are served at the root of their host. */
function originOf(url: string | undefined): string | null {
  if (url === undefined) return null;
  const parsed = /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && `${parsed.origin}/` === parsed.href) return parsed.origin;
  throw wrong(
    `--public-url is "${url}": expected the address of a host, without a path.`,
    "Such as: pipeline server start --public-url https://pipeline.example",
    nothingStarted,
  );
}

async function isUpAlready(home: string): Promise<PipelineError> {
  const server = await saidItsAddress(home);
  const who =
    server?.facts == null ? `process ${server?.pid ?? "unknown"}` : `${server.facts.url}, process ${server.pid}`;
  return wrong(
    `A server of this home is up already: ${who}.`,
    "Use that one, or stop it with: pipeline server stop",
    nothingStarted,
  );
}

async function serve(
  config: Config,
  options: ServerStartOptions,
  port: number,
  publicOrigin: string | null,
): Promise<number> {
  const { home } = config;
  const token = options.tokenFile === undefined ? null : readToken(options.tokenFile);
  const cancellation = cancelOnSignals(ofReading("The server"));
  const say = (text: string) => {
    if (!options.quiet) process.stderr.write(`${new Date().toISOString().slice(0, 19)}Z ${text}\n`);
  };
  // Nothing that somebody forgot to wait for ends the server, and with it all later nights.
  const onRejection = (error: unknown) =>
    say(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.on("unhandledRejection", onRejection);
  if (options.tokenFile !== undefined && othersMay(options.tokenFile)?.read) {
    say(`warning: ${options.tokenFile} is readable by other users: chmod 600 ${shellWord(options.tokenFile)}`);
  }
  const store = ScheduleStore.open(ScheduleStore.fileOf(home), storePatienceMs);
  const pages = serverHome(config, options, store);
  const server = await startServer({
    ...{ host: options.host, port, token, publicOrigin, home: pages },
    onNotice: say,
    onError: (error) => say(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  try {
    const { url } = server;
    const tokenFile = options.tokenFile === undefined ? null : resolve(options.tokenFile);
    announce(home, { url, startedAt: new Date().toISOString(), log: options.log ?? null, tokenFile });
    if (options.json) process.stdout.write(`${JSON.stringify({ url, pid: process.pid })}\n`);
    else process.stdout.write(`${url}\n`);
    say(hinted(`serving ${home}; stop with Ctrl-C or: pipeline server stop`));
    const late: Late[] = [];
    const scheduler = new Scheduler(
      store,
      scheduledRuns(config, options, {
        started: ({ name }, runId) => say(`${name}: started run ${runId.slice(0, 8)}`),
        ended: ({ name }, runId, code, error) =>
          say(
            `${name}: run ${runId.slice(0, 8)} ${error === undefined ? `ended with exit code ${code ?? "none: it was killed"}` : `was not started: ${factsOf(error).what}`}`,
          ),
        late: ({ name, timezone, lateAfterMinutes }, { dueAt, state, runId }) => {
          say(`${name}: the run of ${inZone(dueAt, timezone)} is late`);
          late.push({ name, dueAt, lateAfterMinutes, state, runId });
        },
      }),
    );
    const notices = tellUntil(cancellation.signal, config, late, say);
    await tickUntil(cancellation.signal, scheduler, pages.history, say);
    await notices;
    say("stopped; runs that it started go on");
    return 0;
  } finally {
    withdraw(home);
    store.close();
    await server.close();
    process.off("unhandledRejection", onRejection);
    cancellation.stop();
  }
}

/** A look that fails is told and tried again: a full disk at night must not be the end of all later nights. */
async function tickUntil(
  signal: AbortSignal,
  scheduler: Scheduler,
  history: HistoryHandle,
  say: (text: string) => void,
) {
  let told = "";
  while (!signal.aborted) {
    try {
      history.get()?.findCrashed();
      scheduler.tick(Date.now());
      told = "";
    } catch (error) {
      const { what } = factsOf(error);
      if (what !== told) say(`error: ${what} Trying again every second.`);
      told = what;
    }
    await setTimeout(tickMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Tells of late and crashed runs, beside the scheduler: a receiver that does not answer holds up no run. */
async function tellUntil(signal: AbortSignal, config: Config, late: Late[], say: (text: string) => void) {
  while (!signal.aborted) {
    const told: Told = (kind, { channel, error }) =>
      say(error === null ? `${channel}: told of ${kind}` : `${channel}: ${kind} was not told: ${error}`);
    await lookForNotices(config, late.splice(0), told, signal);
    await setTimeout(noticeMs, undefined, { signal }).catch(() => undefined);
  }
}

async function startInBackground(config: Config, options: ServerStartOptions): Promise<number> {
  const { home, env } = config;
  makeFolder(home);
  const path = join(home, "server.log");
  const words = [
    "server",
    "start",
    "--port",
    options.port,
    "--host",
    options.host,
    "--log",
    path,
    ...(options.tokenFile === undefined ? [] : ["--token-file", resolve(options.tokenFile)]),
    ...(options.publicUrl === undefined ? [] : ["--public-url", options.publicUrl]),
  ];
  const [command, ...args] = ownCommand(words, options);
  const unwritable = (error: Error) =>
    new PipelineError(
      {
        code: "server_failed",
        what: `The log of the server, ${path}, cannot be written: ${error.message}.`,
        data: "Nothing was changed.",
        next: "See that it is a file that can be written, or start the server without --background.",
      },
      { cause: error },
    );
  // It idles for months: a large nursery would keep 30 MB of what its answers were made of.
  const child = startLogged([command, "--max-semi-space-size=1", ...args], { env, path, unwritable });
  const ended = new AbortController();
  child.once("error", () => ended.abort()).once("exit", () => ended.abort());
  const facts = await isUp(home, child.pid, ended.signal);
  if (facts === null) {
    const server = serverOf(home);
    if (server !== null && server.pid !== child.pid) throw await isUpAlready(home);
    const said = readFileSync(path, "utf8").trim().split("\n").slice(-3).join("\n");
    throw new PipelineError({
      code: "server_failed",
      what: `The server did not start. It said:\n${said}`,
      data: "Nothing was changed.",
      next: `See all of it in ${path}.`,
    });
  }
  child.unref();
  const { url } = facts;
  if (options.json) process.stdout.write(`${JSON.stringify({ url, pid: child.pid, log: path })}\n`);
  else if (!options.quiet) process.stdout.write(`${url}\nprocess ${child.pid}, log ${path}\n`);
  return 0;
}

/** A process sends no event when it is ready: its file says so. */
async function isUp(home: string, pid: number | undefined, ended: AbortSignal): Promise<ServerFacts | null> {
  for (const end = performance.now() + startMs; performance.now() < end && !ended.aborted; await setTimeout(50)) {
    const facts = runningServer(home);
    if (facts?.lease.pid === pid) return facts;
  }
  return null;
}
