import { setTimeout } from "node:timers/promises";
import type { HistoryHandle } from "../../history/history.ts";
import type { LateSchedule } from "../../notify/notifier.ts";
import { factsOf } from "../../run/errors.ts";
import { formatInZone } from "../../schedule/cron.ts";
import { Scheduler } from "../../schedule/scheduler.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import { startServer } from "../../web/server/server.ts";
import { sendPendingNotices } from "../notices.ts";
import type { ServeWiring } from "../wiring/serve.ts";
import { serverHome } from "./home.ts";
import { type OwnCommand, scheduledRuns } from "./scheduled-runs.ts";
import { removeServerFile, writeServerFile } from "./server-file.ts";

export type ServeOptions = {
  host: string;
  /** 0 for any that is free. */
  port: number;
  /** What everybody must log in with; null where only this machine can ask. */
  token: string | null;
  /** The file that the token is from. */
  tokenFile: string | null;
  /** The origin under which a proxy shows the pages; null where there is none. */
  publicOrigin: string | null;
  /** Where the output of this process goes; null where nobody keeps it. */
  log: string | null;
  command: OwnCommand;
  /** Receives a line for the server's log. */
  print(text: string): void;
  /** Is called with the address as soon as the server answers. */
  onListening(url: string): void;
};

/** How often the scheduler looks at the clock. */
const tickMs = 1000;
/** How often it looks for what somebody should be notified of. */
const noticeMs = 2000;
/** Milliseconds that a look waits for another process' write of the schedules: pages wait as long, and the next look is soon. */
const storePatienceMs = 250;

/** Serves a home until `signal` is aborted: its pages and API, its scheduler, its notices. The caller holds the lock of the server. */
export async function serve(wiring: ServeWiring, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { settings } = wiring;
  const { home } = settings;
  const { host, port, token, tokenFile, publicOrigin, log, command, print } = options;
  const onError = (error: unknown) =>
    print(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  // Nothing that somebody forgot to wait for ends the server, and with it all later nights.
  process.on("unhandledRejection", onError);
  const store = ScheduleStore.open(ScheduleStore.fileOf(home), storePatienceMs);
  const pages = serverHome(settings, command, store);
  const server = await startServer({ host, port, token, publicOrigin, home: pages, onNotice: print, onError });
  try {
    const { url } = server;
    writeServerFile(home, { url, startedAt: new Date().toISOString(), log, tokenFile });
    options.onListening(url);
    const late: LateSchedule[] = [];
    const scheduler = new Scheduler(store, scheduledRuns(settings, command, runListener(late, print)));
    const notices = notifyUntil(signal, wiring, late, print);
    await tickUntil(signal, scheduler, pages.history, print);
    await notices;
    print("stopped; runs that it started go on");
  } finally {
    removeServerFile(home);
    store.close();
    await server.close();
    process.off("unhandledRejection", onError);
  }
}

/** Prints what the scheduler does, and keeps what is late for {@link notifyUntil}. */
function runListener(late: LateSchedule[], print: (text: string) => void): Parameters<typeof scheduledRuns>[2] {
  return {
    started: ({ name }, runId) => print(`${name}: started run ${runId.slice(0, 8)}`),
    ended({ name }, runId, code, error) {
      const how =
        error === undefined
          ? `ended with exit code ${code ?? "none: it was killed"}`
          : `was not started: ${factsOf(error).message}`;
      print(`${name}: run ${runId.slice(0, 8)} ${how}`);
    },
    late({ name, timezone, lateAfterMinutes }, { dueAt, state, runId }) {
      print(`${name}: the run of ${formatInZone(dueAt, timezone)} is late`);
      late.push({ name, dueAt, lateAfterMinutes, state, runId });
    },
  };
}

/** A look that fails is printed and tried again: a full disk at night must not be the end of all later nights. */
async function tickUntil(
  signal: AbortSignal,
  scheduler: Scheduler,
  history: HistoryHandle,
  print: (text: string) => void,
): Promise<void> {
  let printed = "";
  while (!signal.aborted) {
    try {
      await (await history.get())?.findCrashed();
      await scheduler.tick(Date.now());
      printed = "";
    } catch (error) {
      const { message } = factsOf(error);
      if (message !== printed) print(`error: ${message} Trying again every second.`);
      printed = message;
    }
    await setTimeout(tickMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Notifies of late and crashed runs, beside the scheduler: a receiver that does not answer holds up no run. */
async function notifyUntil(
  signal: AbortSignal,
  { notify }: ServeWiring,
  late: LateSchedule[],
  print: (text: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    await sendPendingNotices(
      notify,
      late.splice(0),
      (kind, { channel, error }) =>
        print(error === null ? `${channel}: told of ${kind}` : `${channel}: ${kind} was not told: ${error}`),
      signal,
    );
    await setTimeout(noticeMs, undefined, { signal }).catch(() => undefined);
  }
}
