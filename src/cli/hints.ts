import { shellQuote } from "../pipeline/report/format.ts";
import { redactor, secretsOf } from "../run/redact.ts";

/** The commands that a text may hint at, by their groups. */
export const hintedCommands: Record<string, readonly string[] | null> = {
  ...{
    run: null,
    plan: null,
    backfill: null,
    import: null,
    dbt: null,
    sql: null,
    export: null,
    backup: null,
    restore: null,
  },
  ...{ doctor: null, init: null, demo: null, completion: null },
  companies: ["search"],
  state: ["show", "reset"],
  runs: ["ls", "inspect", "logs", "watch", "cancel", "retry", "stats", "prune"],
  schedule: ["add", "ls", "next", "rm", "pause", "resume", "crontab", "systemd"],
  server: ["start", "status", "stop"],
  notify: ["test"],
  sample: ["start"],
};
/** Those that do not take `--source`, and those that take `--database`. */
export const withoutSource = new Set(["init", "demo", "completion", "notify test", "sample start"]);
export const withDatabase = new Set(
  ["run", "plan", "backfill", "import", "dbt", "backup", "restore", "doctor", "state show", "state reset"].concat(
    ["schedule crontab", "schedule systemd"], // they print a command line with it
  ),
);

/**
 * A text whose commands work when they are copied: each has the options that say which home is meant, as this command was given
 * them, and `npx` where npm runs this program from a folder.
 */
export function withHomeOptions(
  text: string,
  argv: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const place = placeOf(argv);
  return text.replaceAll(commandWords, (whole, first: string, second: string | undefined = "", offset: number) => {
    const subcommands = Object.hasOwn(hintedCommands, first) ? hintedCommands[first] : undefined;
    if (subcommands === undefined || (subcommands !== null && !subcommands.includes(second))) return whole;
    const command = subcommands === null ? first : `${first} ${second}`;
    const rest = subcommands === null && second !== "" ? ` ${second}` : "";
    // The command's own words: up to the end of the line, or to the next command.
    const [line = ""] = text.slice(offset + whole.length).split(/\n|\bpipeline /);
    const added = place.filter(({ option }) => takes(command, option) && !line.includes(`${option} `)).map(written);
    return `${programName(env)} ${[command, ...added].join(" ")}${rest}`;
  });
}

const commandWords = /\bpipeline ([a-z]+)(?: ([a-z]+))?\b(?![-.\w])/g;

/** The command that a command line names, such as `runs ls`; an empty text where it names none. */
export function commandOf(argv: readonly string[] = process.argv.slice(2)): string {
  const words = argv.filter((word, i) => !word.startsWith("-") && !isValue(argv[i - 1]));
  const [named = "", second = ""] = words;
  const first = named === "flow-run" ? "runs" : named;
  const subcommands = Object.hasOwn(hintedCommands, first) ? hintedCommands[first] : undefined;
  if (subcommands === undefined) return "";
  return subcommands?.includes(second) ? `${first} ${second}` : first;
}

const isValue = (before: string | undefined) => options.some((option) => option === before);

/** How this program is called from here. */
export function programName(env: Readonly<Record<string, string | undefined>>): string {
  return env.npm_execpath === undefined ? "pipeline" : "npx pipeline";
}

const options = ["--config", "--home", "--source", "--database"] as const;
type Given = { option: (typeof options)[number]; value: string };

function placeOf(argv: readonly string[]): Given[] {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  return options.flatMap((option) => {
    const value = words.flatMap((word, i) => {
      if (word.startsWith(`${option}=`)) return [word.slice(option.length + 1)];
      return word === option && words[i + 1] !== undefined ? [words[i + 1]!] : [];
    });
    const last = value.at(-1);
    return last === undefined ? [] : [{ option, value: last }];
  });
}

function takes(command: string, option: Given["option"]): boolean {
  if (option === "--source") return !withoutSource.has(command);
  return option !== "--database" || withDatabase.has(command);
}

function written({ option, value }: Given): string {
  const shown = option === "--source" ? redactor(secretsOf(value))(value) : value;
  return `${option} ${shellQuote(shown)}`;
}
