import { resolve } from "node:path";
import { checkWritable } from "../../app/home/record.ts";
import { takeServerLock } from "../../app/home/runs.ts";
import { startInBackground } from "../../app/serve/background.ts";
import { serverOf, serverWithAddress } from "../../app/serve/running.ts";
import { serve } from "../../app/serve/serve.ts";
import { wireServe } from "../../app/wiring/serve.ts";
import { permissionsOfOthers } from "../../files/private-file.ts";
import { shellQuote } from "../../pipeline/report/format.ts";
import { PipelineError } from "../../run/errors.ts";
import { withHomeOptions } from "../hints.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { ownCommand } from "../own-command.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { wrong } from "../usage-error.ts";
import { readToken } from "./token.ts";

export type ServerStartOptions = GlobalOptions & {
  port: string;
  host: string;
  background?: boolean;
  log?: string;
  tokenFile?: string;
  publicUrl?: string;
};

const nothingStarted = "Nothing was started.";

/** `pipeline server start`: scheduler, watch for late runs and pages, until it is stopped. */
export async function serverStart(options: ServerStartOptions): Promise<number> {
  const port = portOf(options.port);
  const publicOrigin = originOf(options.publicUrl);
  const { config } = await configOf(options);
  const { home } = config;
  const wiring = wireServe(config);
  const command = (words: readonly string[]) => ownCommand(words, options);
  checkWritable(home);
  if (serverOf(home) !== null) throw await isUpAlready(home);
  if (options.background) {
    const started = await startInBackground(wiring.settings, command, startWords(options));
    if (started === null) throw await isUpAlready(home);
    const { url, pid, log } = started;
    if (options.json) process.stdout.write(`${JSON.stringify({ url, pid, log })}\n`);
    else if (!options.quiet) process.stdout.write(`${url}\nprocess ${pid}, log ${log}\n`);
    return 0;
  }
  const lock = await lockOf(home);
  const cancellation = cancelOnSignals(readingCancelMessage("The server"));
  const print = (text: string) => {
    if (!options.quiet) process.stderr.write(`${new Date().toISOString().slice(0, 19)}Z ${text}\n`);
  };
  try {
    const tokenFile = options.tokenFile === undefined ? null : resolve(options.tokenFile);
    const token = tokenFile === null ? null : readToken(options.tokenFile!);
    if (tokenFile !== null && permissionsOfOthers(tokenFile)?.read) {
      print(`warning: ${options.tokenFile} is readable by other users: chmod 600 ${shellQuote(options.tokenFile!)}`);
    }
    const onListening = (url: string) => {
      process.stdout.write(options.json ? `${JSON.stringify({ url, pid: process.pid })}\n` : `${url}\n`);
      print(withHomeOptions(`serving ${home}; stop with Ctrl-C or: pipeline server stop`));
    };
    const { host, log = null } = options;
    await serve(
      wiring,
      { host, port, token, tokenFile, publicOrigin, log, command, print, onListening },
      cancellation.signal,
    );
    return 0;
  } finally {
    cancellation.stop();
    lock.release();
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw wrong(`--port is "${text}": expected a number from 0 to 65535.`, "Leave it out for 4200.", nothingStarted);
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

/** The words that start the same server in the foreground. */
function startWords({ port, host, tokenFile, publicUrl }: ServerStartOptions): string[] {
  return [
    ...["server", "start", "--port", port, "--host", host],
    ...(tokenFile === undefined ? [] : ["--token-file", resolve(tokenFile)]),
    ...(publicUrl === undefined ? [] : ["--public-url", publicUrl]),
  ];
}

async function lockOf(home: string): Promise<ReturnType<typeof takeServerLock>> {
  try {
    return takeServerLock(home);
  } catch (error) {
    const isHeld = error instanceof PipelineError && error.code === "warehouse_locked";
    throw isHeld ? await isUpAlready(home) : error;
  }
}

async function isUpAlready(home: string): Promise<PipelineError> {
  const server = await serverWithAddress(home);
  const who =
    server?.facts == null ? `process ${server?.pid ?? "unknown"}` : `${server.facts.url}, process ${server.pid}`;
  return wrong(
    `A server of this home is up already: ${who}.`,
    "Use that one, or stop it with: pipeline server stop",
    nothingStarted,
  );
}
