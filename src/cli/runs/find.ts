import { join } from "node:path";
import { readHomeRecord } from "../../app/home/record.ts";
import { historyOf, warehouseHolder } from "../../app/home/runs.ts";
import { findHome } from "../../config/home.ts";
import type { History } from "../../history/history.ts";
import type { RunRow } from "../../history/rows.ts";
import { didYouMean } from "../../pipeline/names/spelling.ts";
import { dayMs, hourMs, minuteMs } from "../../pipeline/window/units.ts";
import type { GlobalOptions } from "../options.ts";
import { wrong } from "../usage-error.ts";

/** Opens the history of the home; `none` says what comes of it where nothing was ever run, else that is a mistake. */
export async function withHistory<T>(
  options: GlobalOptions,
  use: (history: History) => T | Promise<T>,
  none?: (home: string) => T,
): Promise<T> {
  const home = await findHome(options, options.config);
  const history = await historyOf(home).open();
  if (history === null && none !== undefined) return none(home);
  if (history === null) {
    const database = options.database ?? (await readHomeRecord(home)).database ?? join(home, "cfpb_complaints.duckdb");
    const holder = await warehouseHolder(database);
    if (holder !== undefined)
      throw wrong(`A run is under way: process ${holder.pid}, since ${holder.since}.`, "Look again in a moment.");
    throw wrong(`Nothing was run yet in ${home}.`, "Start with: pipeline run");
  }
  if (history.isStale && !options.quiet)
    process.stderr.write(
      `warning: ${history.place} cannot be written: it is read as it is, without what was written last\n`,
    );
  try {
    return await use(history);
  } finally {
    history.close();
  }
}

/** The run that an id, its beginning, or a name means; the newest run where none is given. */
export async function findRun(history: History, text = ""): Promise<RunRow> {
  const found = await history.find(text);
  const [run, other] = found;
  if (run === undefined) {
    const recent = (await history.list({ limit: 200 })).flatMap(({ id, name }) => [
      id.slice(0, Math.max(text.length, 4)),
      name,
    ]);
    throw wrong(
      `No run is called "${text}".${didYouMean(text, [...new Set(recent)])}`,
      "See what there is with: pipeline runs ls",
    );
  }
  if (other !== undefined) {
    const list = found.map(({ id, name }) => `${id.slice(0, 8)} (${name})`);
    throw wrong(`"${text}" means several runs: ${list.slice(0, 5).join(", ")}.`, "Write more of the id.");
  }
  return run;
}

/** Milliseconds since 1970 of `2026-11-20`, `2026-11-20T08:00`, or `7d`, `12h`, `30m` ago. */
export function parseSince(text: string, now: number): number {
  const ago = /^(\d+)([mhd])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * { m: minuteMs, h: hourMs, d: dayMs }[ago[2] as "m" | "h" | "d"];
  const at = Date.parse(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?$/.test(text) ? text.replace(/(T[^Z]*)$/, "$1Z") : "",
  );
  if (Number.isNaN(at)) throw wrong(`--since is "${text}": expected a day or time (UTC), or 30m, 12h, 7d ago.`);
  return at;
}

export function parseCount(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= most)) throw wrong(`${name} is "${text}": expected a number from 1 to ${most}.`);
  return value;
}
