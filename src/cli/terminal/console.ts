import { eventLine } from "../../pipeline/report/event-line.ts";
import type { Emit, Report } from "../../run/events.ts";
import type { GlobalOptions } from "../options.ts";
import { canShowLive, liveView } from "./live.ts";
import { progressPrinter } from "./progress.ts";
import { styleFor } from "./style.ts";

export type ConsoleOptions = GlobalOptions & { logFormat?: string };

/** Where a run tells what happens, on stderr: a live view in a terminal, lines elsewhere, JSON where it is asked for. */
export type RunConsole = { emit: Emit; stop(): void };

/** Prints on stderr what a user should read, whatever the command is. */
export function printNotice(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Where a command that only asks tells what it waits for, on stderr. */
export function waitConsole({ quiet }: GlobalOptions): Report {
  return (event) => {
    if (quiet || !["source.retry", "source.wait", "budget.lost"].includes(event.type)) return;
    process.stderr.write(`${eventLine(event)}\n`);
  };
}

export async function runConsole(
  options: ConsoleOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunConsole> {
  const { quiet = false, verbose = false } = options;
  const nothing = () => undefined;
  if (quiet) return { emit: nothing, stop: nothing };
  if (options.logFormat === "json") return { emit: (await import("./json-log.ts")).jsonLog(verbose), stop: nothing };
  if (!verbose && canShowLive(process.stderr, env))
    return liveView(process.stderr, styleFor(process.stderr, options, env));
  const write = (line: string) => void process.stderr.write(`${line}\n`);
  const everyMs = process.stderr.isTTY ? 2000 : 10_000;
  return { emit: progressPrinter({ write, everyMs, verbose }), stop: () => write("") };
}
