import { spawnSync } from "node:child_process";
import { shellQuote } from "../pipeline/report/format.ts";
import { PipelineError } from "../run/errors.ts";

export type CrontabEntry = {
  /** Five fields, or a word such as `@daily`: minute, hour, day of month, month, day of week, in the machine's time. */
  cron: string;
  /** The directory that the command is run in: its `pipeline.yaml` counts. */
  directory: string;
  /** The program and its arguments, each a path or word of its own. */
  command: readonly string[];
  log: string;
  /** The home that the entry is for: it has one entry. */
  home: string;
};

/** The line of an entry. cron takes an unescaped % for the end of the command. */
export function crontabLine({ cron, directory, command, log, home }: CrontabEntry): string {
  const words = command.map(shellQuote).join(" ");
  const text = `cd ${shellQuote(directory)} && ${words} >> ${shellQuote(log)} 2>&1`;
  return `${cron} ${text.replaceAll("%", "\\%")} ${marker(home)}`;
}

/** A crontab with the line in place of what this home had, or without it where `line` is null. */
export function withEntry(crontab: string, home: string, line: string | null): string {
  const kept = crontab.split("\n").filter((old) => !old.endsWith(marker(home)));
  while (kept.at(-1) === "") kept.pop();
  const lines = line === null ? kept : [...kept, line];
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** The line of a home, and the paths that it needs: its folder, the Node and the program it starts. Null where it has none. */
export function entryOf(crontab: string, home: string): { line: string; paths: string[] } | null {
  const line = crontab.split("\n").find((text) => text.endsWith(marker(home)) && !text.trimStart().startsWith("#"));
  if (line === undefined) return null;
  const words = line
    .replaceAll("\\%", "%")
    .slice(0, -marker(home).length)
    .match(/(?:'[^']*'|\\'|[^\s'])+/g)
    ?.map((word) => word.replaceAll(/'([^']*)'|\\(')/g, "$1$2"));
  const start = words?.indexOf("cd") ?? -1;
  const [, directory = "", , node = "", program = ""] = start < 0 ? [] : (words?.slice(start) ?? []);
  return { line, paths: [directory, node, program] };
}

const marker = (home: string) => `# pipeline ${home.replaceAll("%", "\\%")}`;

/** The user's crontab; an empty text where there is none. Throws `schedule_failed` where cron cannot be asked. */
export function readCrontab(): string {
  const { error, status, stdout, stderr } = spawnSync("crontab", ["-l"], { encoding: "utf8" });
  if (error !== undefined) throw unusable(whyNot(error));
  if (status === 0) return stdout;
  if (/no crontab/i.test(stderr)) return "";
  throw unusable(stderr.trim());
}

export function writeCrontab(text: string): void {
  const { error, status, stderr } = spawnSync("crontab", ["-"], { encoding: "utf8", input: text });
  if (error !== undefined) throw unusable(whyNot(error));
  if (status !== 0) throw unusable(stderr.trim());
}

function whyNot(error: NodeJS.ErrnoException): string {
  return error.code === "ENOENT" ? "cron is not installed here" : `crontab cannot be started (${error.code})`;
}

function unusable(why: string): PipelineError {
  return new PipelineError({
    code: "schedule_failed",
    message: `The crontab of this user cannot be read or written: ${why.split("\n")[0] || "it says nothing"}.`,
    data: "Nothing was changed.",
    next: "Have a server start the runs (pipeline schedule add, pipeline server start --background), or systemd (pipeline schedule systemd); or print the line with `pipeline schedule crontab` and put it where your machine starts things.",
  });
}
