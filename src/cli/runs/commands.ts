import { type Command, Option } from "commander";
import { collect, shared } from "../common-options.ts";

/** `pipeline runs` and what it can do; each command's code is loaded when it is called. */
export function addRuns(program: Command, exit: (code: number) => void): void {
  const runs = program
    .command("runs")
    .alias("flow-run")
    .description("what the runs did, and stopping or repeating them");
  const sampleToo = ["--source <url>", "`sample` for the runs of the embedded source"] as const;
  const whichRun = ["[id]", "an id, its beginning, or a name (default: the newest run)"] as const;
  runs
    .command("ls")
    .description("list the runs, newest first")
    .option("--state <names>", "only these states, separated by commas; repeatable", collect)
    .option("--trigger <name>", "only what this started: cli, schedule, web or retry")
    .option("--since <time>", "only what started since: a day, a time in UTC, or 30m, 12h, 7d ago")
    .option("--limit <count>", "how many", "20")
    .option("--before <id>", "only runs before this one")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { runsList } = await import("./list.ts");
      exit(await runsList(command.optsWithGlobals()));
    });
  runs
    .command("inspect")
    .description("show a run: tasks, attempts, windows, dbt, resources, its error and what to do")
    .argument(...whichRun)
    .option(...sampleToo)
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const { runsInspect } = await import("./inspect.ts");
      exit(await runsInspect(id, command.optsWithGlobals()));
    });
  runs
    .command("logs")
    .description("print what happened in a run")
    .argument(...whichRun)
    .option("-f, --follow", "go on until the run is over")
    .option("--task <name>", "only of this task or company")
    .option("--level <name>", "debug, info, warn or error, and what is above (default: info)")
    .option("--since <time>", "only since: a day, a time in UTC, or 30m, 12h, 7d ago")
    .option(...sampleToo)
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const { runsLogs } = await import("./logs.ts");
      exit(await runsLogs(id, command.optsWithGlobals()));
    });
  runs
    .command("watch")
    .description("show a run as its own terminal does, until it is over")
    .argument(...whichRun)
    .option(...sampleToo)
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const { runsWatch } = await import("./watch.ts");
      exit(await runsWatch(id, command.optsWithGlobals()));
    });
  runs
    .command("cancel")
    .description("stop a run that is under way: asks it, then SIGTERM, then SIGKILL")
    .argument(...whichRun)
    .option("--grace <seconds>", "seconds before each stronger step", "10")
    .option(...sampleToo)
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const { runsCancel } = await import("./cancel.ts");
      exit(await runsCancel(id, command.optsWithGlobals()));
    });
  runs
    .command("retry")
    .description("do what failed or did not run, of the same days; what was loaded is not read again")
    .argument(...whichRun)
    .addOption(new Option("--run-id <id>").hideHelp())
    .option(...shared.logFormat)
    .option(...sampleToo)
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const { runsRetry } = await import("./retry.ts");
      exit(await runsRetry(id, command.optsWithGlobals()));
    });
  runs
    .command("stats")
    .description("success, durations, rows and requests, over all and by day")
    .option("--since <time>", "a day, a time in UTC, or 12h, 30d ago", "30d")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { runsStats } = await import("./stats.ts");
      exit(await runsStats(command.optsWithGlobals()));
    });
  runs
    .command("prune")
    .description("remove old runs from the history; no complaint is touched")
    .option("--days <count>", "remove what started longer ago", "180")
    .option("--keep <count>", "remove what is beyond the newest so many", "10000")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { runsPrune } = await import("./stats.ts");
      exit(await runsPrune(command.optsWithGlobals()));
    });
}
