import type { History } from "../../history/history.ts";
import { publicRun } from "../../history/public-run.ts";
import type { RunRow } from "../../history/rows.ts";
import { oneOf } from "../../pipeline/names/spelling.ts";
import { escapeControls, formatCount, formatDuration } from "../../pipeline/report/format.ts";
import { secondText } from "../../pipeline/report/times.ts";

import { type State, states } from "../../run/states.ts";
import { withHomeOptions } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { type Style, styleFor } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import { wrong } from "../usage-error.ts";
import { findRun, parseCount, parseSince, withHistory } from "./find.ts";

export type ListOptions = GlobalOptions & {
  state?: string[];
  trigger?: string;
  since?: string;
  limit: string;
  before?: string;
};

/** `pipeline runs ls`: newest first. */
export async function runsList(options: ListOptions): Promise<number> {
  const wanted = options.state?.flatMap((list) => list.split(",")).map(stateOf);
  const limit = parseCount("--limit", options.limit, 100_000);
  const since = options.since === undefined ? undefined : parseSince(options.since, Date.now());
  const none = (home: string) => {
    const said = options.json ? "[]\n" : withHomeOptions(`Nothing was run yet in ${home}. Start with: pipeline run\n`);
    process.stdout.write(said);
    return 0;
  };
  return withHistory(
    options,
    async (history) => {
      const before = options.before === undefined ? undefined : (await findRun(history, options.before)).no;
      const { trigger } = options;
      const runs = await history.list({
        limit,
        ...(wanted === undefined ? {} : { states: wanted }),
        ...(trigger === undefined ? {} : { trigger }),
        ...(since === undefined ? {} : { since }),
        ...(before === undefined ? {} : { before }),
      });
      if (options.json) process.stdout.write(`${JSON.stringify(runs.map(publicRun))}\n`);
      else if (runs.length === 0) process.stdout.write(`No run matches.\n${await refusalLine(history)}`);
      else {
        process.stdout.write(runsTable(runs, styleFor(process.stdout, options, process.env)));
        process.stdout.write(await refusalLine(history));
        if (runs.length === limit) {
          process.stdout.write(
            withHomeOptions(`\nOlder ones: pipeline runs ls --before ${runs.at(-1)!.id.slice(0, 8)}\n`),
          );
        }
      }
      return 0;
    },
    none,
  );
}

/** A start that was refused, which is no run. */
async function refusalLine(history: History): Promise<string> {
  const refusal = await history.refusal();
  if (refusal === null) return "";
  const { at, trigger, code, message, next } = refusal;
  return `\nNot started at ${secondText(at)}, by ${trigger} [${code}]: ${escapeControls(`${message} next: ${withHomeOptions(next)}`)}\n`;
}

export function colored(state: string, padded: string, style: Style): string {
  if (state === "Completed") return style.good(padded);
  return /^(Failed|Crashed|TimedOut)$/.test(state) ? style.bad(padded) : padded;
}

function runsTable(runs: readonly RunRow[], style: Style): string {
  return table(
    [
      { title: "run" },
      { title: "name" },
      { title: "state", style: (padded, cell) => colored(cell, padded, style) },
      { title: "started (UTC)" },
      { title: "time", align: "right" },
      { title: "rows", align: "right" },
      { title: "changed", align: "right" },
      { title: "trigger" },
      { title: "error" },
    ],
    runs.map(({ id, name, state, startedAt, endedAt, rows, changed, trigger, errorCode, unheardSince }) => [
      id.slice(0, 8),
      name,
      unheardSince === null ? state : `${state} (not heard from since ${secondText(unheardSince)})`,
      secondText(startedAt),
      formatDuration(Math.max((endedAt ?? Date.now()) - startedAt, 0)),
      rows === null ? "" : formatCount(rows),
      changed === null ? "" : formatCount(changed),
      trigger,
      errorCode ?? "",
    ]),
  );
}

function stateOf(text: string): State {
  const known = states.find((state) => state.toLowerCase() === text.trim().toLowerCase());
  if (known !== undefined) return known;
  throw wrong(`--state is "${text}": expected ${oneOf(text, states)}.`);
}
