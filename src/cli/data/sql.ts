import { text as readText } from "node:stream/consumers";
import { openSql } from "../../app/wiring/snapshot.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { wrong } from "../usage-error.ts";
import { printQuery, type SqlFormat } from "./sql-output.ts";

export type SqlOptions = GlobalOptions & { csv?: boolean; spreadsheet?: boolean; timeout?: string; memory?: string };

/** `pipeline sql`: one statement from the command line or stdin; a shell where both are missing. */
export async function sqlCommand(given: string | undefined, options: SqlOptions): Promise<number> {
  const { config } = await configOf(options);
  if (options.json && (options.csv || options.spreadsheet))
    throw wrong("--json and --csv exclude each other.", "Choose one of them.");
  const session = await openSql(config, {
    timeoutMs: number("--timeout", options.timeout, 60, { least: 1, most: 86_400, unit: "seconds" }) * 1000,
    // The process itself takes some 100 MB.
    memoryMegabytes: number("--memory", options.memory, 2048, { least: 128, most: 1_000_000, unit: "megabytes" }),
  });
  const csv = options.spreadsheet ? "spreadsheet" : options.csv ? "csv" : null;
  const format: SqlFormat = options.json ? "json" : (csv ?? "table");
  try {
    if (given === undefined && process.stdin.isTTY) {
      const { sqlShell } = await import("./sql-shell.ts");
      return await sqlShell(session, config.home, format);
    }
    const cancellation = cancelOnSignals(readingCancelMessage("The query"));
    try {
      await printQuery(session, given ?? (await readText(process.stdin)), format, cancellation.signal);
      return 0;
    } catch (error) {
      // Who reads the output has read enough.
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return 0;
      throw error;
    } finally {
      cancellation.stop();
    }
  } finally {
    await session.close();
  }
}

type Bounds = { least: number; most: number; unit: string };

function number(name: string, text: string | undefined, preset: number, { least, most, unit }: Bounds): number {
  const value = text === undefined ? preset : Number(text);
  if (text?.trim() === "" || !(value >= least && value <= most)) {
    throw wrong(`${name} is "${text}": expected ${unit}, from ${least} to ${most.toLocaleString("en-US")}.`);
  }
  return value;
}
