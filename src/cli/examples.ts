import type { Command } from "commander";

/** Examples of each command: a command line, and what it is for where that is not plain. Those of docs/ are of the same kind. */
export const examples: Record<string, readonly (readonly [line: string, what?: string])[]> = {
  run: [
    ["pipeline run", "the configured companies, from the live source"],
    ["pipeline run --source sample", "made-up complaints, to try it out"],
    [`pipeline run --companies 'equifax,"EQUIFAX, INC."'`, "a name that holds a comma stands in double quotes"],
    ["pipeline run --reset-state", "reload everything from the start date"],
  ],
  plan: [
    ["pipeline plan", "what a run would read now"],
    ["pipeline plan --reset-state", "what reloading everything would take"],
  ],
  backfill: [
    ["pipeline backfill --from 2025-01-01 --to 2025-03-31", "read three months again"],
    ["pipeline backfill --from 2026-05-01 --to 2026-05-31 --companies equifax"],
  ],
  import: [
    ["pipeline import complaints.csv.zip", "the configured companies, from the bulk file"],
    ["pipeline import complaints.csv --all-companies --as-of 2023-03-01", "an older copy, of every company"],
  ],
  "companies search": [
    ["pipeline companies search equifax", "the exact names that hold the word, with their complaints"],
  ],
  "state show": [
    ["pipeline state show", "watermark, rows and last load of each company"],
    ["pipeline state show --json"],
  ],
  "state reset": [
    ["pipeline state reset", "the next run reads from the start date"],
    ["pipeline state reset jpmorgan", "of one company only"],
  ],
  "runs ls": [
    ["pipeline runs ls --state Failed,Crashed --since 7d", "what went wrong this week"],
    ["pipeline runs ls --trigger schedule --limit 5 --json"],
  ],
  "runs inspect": [
    ["pipeline runs inspect", "the newest run"],
    ["pipeline runs inspect 4b01a9c1", "an id, its beginning, or a name such as humble-curlew"],
  ],
  "runs logs": [
    ["pipeline runs logs --level warn", "what was odd in the newest run"],
    ["pipeline runs logs humble-curlew --task equifax --level debug"],
    ["pipeline runs logs -f", "follow the run that is under way"],
  ],
  "runs watch": [["pipeline runs watch", "the live view of the run that cron started"]],
  "runs cancel": [
    ["pipeline runs cancel", "ask the newest run to stop"],
    ["pipeline runs cancel 4b01a9c1 --grace 60", "give it a minute before it is ended"],
  ],
  "runs retry": [["pipeline runs retry", "do what the newest run left over"]],
  "runs stats": [["pipeline runs stats --since 90d"]],
  "runs prune": [["pipeline runs prune --days 30", "forget runs that are older"]],
  sql: [
    [`pipeline sql "select company, total_complaints from dim_companies order by 2 desc limit 10"`],
    [`pipeline sql "from agg_state_month where state = 'CA'" --csv > california.csv`],
    [`pipeline sql "show tables" --json`],
    ["pipeline sql", "a shell with history, .tables and .schema"],
  ],
  export: [
    ["pipeline export --to exported", "Parquet files, as they are published"],
    ["pipeline export --to complaints-csv --format csv"],
  ],
  dbt: [
    ["pipeline dbt -- test --select test_type:unit", "the unit tests of the metrics"],
    ["pipeline dbt -- build --select +dim_states", "one mart and what it is made of"],
    ["pipeline dbt -- source freshness", "how old the newest row is"],
    ["pipeline dbt docs", "columns, tests and lineage, as one page"],
  ],
  backup: [
    ["pipeline backup --to backups/2026-11-24", "waits for a run that is under way"],
    ["pipeline backup --to /mnt/backups/today --wait 0 -q", "gives up at once where one is"],
  ],
  restore: [
    ["pipeline restore backups/2026-11-24 --home restored", "into a home of its own"],
    ["pipeline restore backups/2026-11-24 --force", "in place; what is there is put aside"],
  ],
  "schedule add": [
    [`pipeline schedule add nightly --cron "0 2 * * *" --timezone America/New_York`],
    [
      `pipeline schedule add sundays --cron "0 4 * * SUN" --overlap queue -- --look-back 365`,
      "with options of its runs",
    ],
  ],
  "schedule ls": [["pipeline schedule ls"]],
  "schedule next": [["pipeline schedule next nightly --count 10"]],
  "schedule rm": [["pipeline schedule rm sundays"]],
  "schedule pause": [["pipeline schedule pause nightly"]],
  "schedule resume": [["pipeline schedule resume nightly"]],
  "schedule crontab": [
    ["pipeline schedule crontab --install", "every night at 2"],
    [`pipeline schedule crontab --install --cron "30 3 * * 1-5"`],
    ["pipeline schedule crontab --remove"],
  ],
  "schedule systemd": [[`pipeline schedule systemd --at "Mon..Fri 03:30"`]],
  "server start": [
    ["pipeline server start --background", "until it is stopped, also after the terminal is closed"],
    ["pipeline server start --port 4300"],
  ],
  "server status": [["pipeline server status --json"]],
  "server stop": [["pipeline server stop"]],
  init: [["pipeline init", "then edit pipeline.yaml, and look at: pipeline plan"]],
  doctor: [
    ["pipeline doctor", "before the first night, and when something is odd"],
    ["pipeline doctor --offline --json"],
  ],
  "notify test": [["pipeline notify test"]],
  demo: [["pipeline demo", "then look at it with the commands it prints"], ["pipeline demo --home /tmp/demo --force"]],
  "sample start": [
    ["pipeline sample start --port 4300 --rates real", "to try a client against the real limits"],
    ["pipeline run --source http://127.0.0.1:4300/data-research/consumer-complaints/search/api/v1/"],
  ],
  completion: [
    ["source <(pipeline completion bash)", "in ~/.bashrc"],
    ["source <(pipeline completion zsh)", "in ~/.zshrc, after compinit"],
    ["pipeline completion fish | source", "in ~/.config/fish/config.fish"],
  ],
};

/** A command's path below the program: `runs ls`. */
export function pathOf(command: Command): string {
  return command.parent === null ? "" : `${pathOf(command.parent)} ${command.name()}`.trim();
}

/** The commands that do something, in the order of the help. */
export function leafCommands(command: Command): Command[] {
  const visible = commandsOf(command);
  return visible.length === 0 ? [command] : visible.flatMap(leafCommands);
}

/** The commands below one, without what is hidden and the parser's own `help`. */
export function commandsOf(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(({ parent }) => parent !== null);
}

/** Puts the examples at the end of each command's help. */
export function addExamples(program: Command): void {
  for (const command of leafCommands(program)) {
    const lines = examples[pathOf(command)] ?? [];
    const width = Math.max(...lines.filter(([, what]) => what !== undefined).map(([line]) => line.length));
    const shown = lines.map(([line, what]) => `  $ ${what === undefined ? line : `${line.padEnd(width)}  ${what}`}\n`);
    command.addHelpText("after", `\nExamples:\n${shown.join("")}`.trimEnd());
  }
}
