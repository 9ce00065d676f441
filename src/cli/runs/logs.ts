import { setTimeout } from "node:timers/promises";
import type { History } from "../../history/history.ts";
import type { LogLine, RunRow } from "../../history/rows.ts";
import { didYouMean, oneOf } from "../../pipeline/names/spelling.ts";
import { eventLine } from "../../pipeline/report/event-line.ts";
import { secondText } from "../../pipeline/report/times.ts";
import { type Level, levels } from "../../run/log-level.ts";
import { isFinal } from "../../run/states.ts";
import type { GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { type Style, styleFor } from "../terminal/style.ts";
import { wrong } from "../usage-error.ts";
import { findRun, parseSince, withHistory } from "./find.ts";

export type LogsOptions = GlobalOptions & { follow?: boolean; task?: string; level?: string; since?: string };

const page = 1000;
/** Another process' writes are looked for this often. */
const pollMs = 150;

/** `pipeline runs logs`. */
export async function runsLogs(id: string | undefined, options: LogsOptions): Promise<number> {
  const level = levelOf(options.level ?? (options.verbose ? "debug" : "info"));
  const since = options.since === undefined ? undefined : parseSince(options.since, Date.now());
  const style = styleFor(process.stdout, options, process.env);
  const show = ({ level: found, event }: LogLine) => {
    const { runId: _, ...rest } = event;
    process.stdout.write(
      options.json ? `${JSON.stringify({ level: nameOf(found), ...rest })}\n` : line(event, found, style),
    );
  };
  return withHistory(options, async (history) => {
    const run = await findRun(history, id);
    const task = options.task === undefined ? undefined : await taskOf(history, run, options.task);
    const filter = {
      level: levels[level],
      ...(task === undefined ? {} : { task }),
      ...(since === undefined ? {} : { since }),
    };
    await follow(history, run, filter, options.follow === true, show);
    return 0;
  });
}

/** Shows what is there, and with `live` what comes until the run is over or a signal ends the watching. */
export async function follow(
  history: History,
  run: RunRow,
  filter: { level: number; task?: string; since?: number },
  live: boolean,
  show: (line: LogLine) => void,
): Promise<void> {
  const cancellation = live ? cancelOnSignals(readingCancelMessage("The log")) : undefined;
  let after = 0;
  const showNew = async () => {
    for (;;) {
      const lines = await history.logs(run, { ...filter, after, limit: page });
      for (const found of lines) show(found);
      after = lines.at(-1)?.seq ?? after;
      if (lines.length < page) return;
    }
  };
  try {
    for (;;) {
      // Asked before the lines are read: what is final has written its last one.
      const isOver = isFinal(await history.stateOf(run.no));
      await showNew();
      if (!live || isOver) return;
      await setTimeout(pollMs, undefined, { signal: cancellation!.signal }).catch(() => undefined);
      if (cancellation!.signal.aborted) return;
    }
  } finally {
    cancellation?.stop();
  }
}

function line(event: LogLine["event"], level: number, style: Style): string {
  const name = nameOf(level).padEnd(5);
  const shown = level >= levels.error ? style.bad(name) : level <= levels.debug ? style.dim(name) : name;
  return `${style.dim(secondText(Date.parse(event.at)))} ${shown} ${eventLine(event)}\n`;
}

const nameOf = (level: number) => (Object.keys(levels) as Level[]).find((name) => levels[name] === level) ?? "info";

function levelOf(text: string): Level {
  if (text in levels) return text as Level;
  throw wrong(`--level is "${text}": expected ${oneOf(text, Object.keys(levels))}.`);
}

/** A task by its name, or by the company it is for. */
async function taskOf(history: History, run: RunRow, text: string): Promise<string> {
  const { tasks } = await history.inspect(run.no);
  const names = tasks.map(({ name }) => name);
  const found = tasks.find(({ name, company }) => name === text || company === text);
  if (found !== undefined) return found.name;
  throw wrong(`This run has no task "${text}".${didYouMean(text, names)}`, `It has: ${names.join(", ")}`);
}
