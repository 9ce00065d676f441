import type { Command, Option } from "commander";
import { withRuns } from "../../app/home/runs.ts";
import { findHome } from "../../config/home.ts";
import { minuteText } from "../../pipeline/report/times.ts";
import { states } from "../../run/states.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import { commandsOf, pathOf } from "../examples.ts";

/** What may stand in place of the last word; `files`: the shell's own file names too. */
export type Completion = { candidates: { word: string; help: string }[]; files: boolean };

/** Values of options, where there are only so many. */
const values: Record<string, readonly string[]> = {
  "--state": states,
  "--level": ["debug", "info", "warn", "error"],
  "--log-format": ["pretty", "json"],
  "--strategy": ["auto", "pages", "export"],
  "--format": ["parquet", "csv", "duckdb"],
  "--shape": ["today", "july", "noon"],
  "--rates": ["none", "real"],
  "--source": ["sample"],
  "--trigger": ["cli", "schedule", "web", "retry"],
  "--catch-up": ["latest", "none", "all"],
  "--overlap": ["skip", "queue"],
  "--host": ["127.0.0.1", "localhost", "::1"],
};
const shells = ["bash", "zsh", "fish"];

/** Completes the last of the words behind `pipeline`. */
export async function complete(program: Command, words: readonly string[]): Promise<Completion> {
  const last = words.at(-1) ?? "";
  let command = program;
  const given: Record<string, string> = {};
  let expected: Option | undefined;
  let operands = 0;
  for (const word of words.slice(0, -1)) {
    if (expected !== undefined) {
      given[expected.attributeName()] = word;
      expected = undefined;
    } else if (word.startsWith("-")) {
      expected = optionsOf(command).find(
        (option) => (option.short === word || option.long === word) && (option.required || option.optional),
      );
    } else {
      const next = command.commands.find((found) => found.name() === word || found.aliases().includes(word));
      if (next === undefined) operands++;
      else command = next;
    }
  }
  if (expected !== undefined) {
    const known = values[expected.long ?? ""];
    return starting(
      last,
      (known ?? []).map((word) => ({ word, help: "" })),
      known === undefined && takesFiles(expected),
    );
  }
  if (last.startsWith("-")) {
    const options = optionsOf(command).filter((option) => !option.hidden && option.long !== undefined);
    return starting(
      last,
      options.map(({ long, description }) => ({ word: long!, help: description })),
      false,
    );
  }
  const below = commandsOf(command);
  if (below.length > 0) {
    return starting(
      last,
      below.map((found) => ({ word: found.name(), help: found.description() })),
      false,
    );
  }
  if (operands > 0) return { candidates: [], files: false };
  const path = pathOf(command);
  if (path === "restore") return { candidates: [], files: true };
  return starting(last, await operandsOf(path, given), false);
}

function optionsOf(command: Command): Option[] {
  return command.parent === null ? [...command.options] : [...command.options, ...optionsOf(command.parent)];
}

function takesFiles({ flags }: Option): boolean {
  return /<(file|dir|path)>/.test(flags);
}

/** What a command works on: runs by name, schedules, shells. A home that cannot be read gives none. */
async function operandsOf(path: string, given: Record<string, string>): Promise<Completion["candidates"]> {
  if (path === "completion") return shells.map((word) => ({ word, help: "" }));
  try {
    const home = await findHome(given, given.config);
    if (/^runs (inspect|logs|watch|cancel|retry)$/.test(path)) {
      const runs = (await withRuns(home, (history) => history.list({ limit: 20 }))) ?? [];
      return runs.map(({ name, state, startedAt }) => ({
        ...{ word: name, help: `${state}, ${minuteText(startedAt)}` },
      }));
    }
    if (/^schedule (rm|pause|resume|next)$/.test(path)) {
      const store = ScheduleStore.openExisting(ScheduleStore.fileOf(home));
      const schedules = store?.list() ?? [];
      store?.close();
      return schedules.map(({ name, cron }) => ({ word: name, help: cron }));
    }
  } catch {
    // Pressing Tab is no time for an error: the command itself will say it.
  }
  return [];
}

function starting(last: string, candidates: Completion["candidates"], files: boolean): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(last)), files };
}

/** `pipeline __complete`: a line for each candidate, word and help with a tab between; `:files` at the end where files fit. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<number> {
  const { candidates, files } = await complete(program, words);
  const lines = candidates.map(({ word, help }) => `${word}\t${help.split("\n")[0]}\n`);
  process.stdout.write(`${lines.join("")}${files ? ":files\n" : ""}`);
  return 0;
}
