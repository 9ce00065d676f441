import { Command, CommanderError, Option } from "commander";
import { PipelineError } from "../pipeline/errors.ts";
import { version } from "../version.ts";
import { shared } from "./common-options.ts";
import { reportError } from "./error-output.ts";
import { type GlobalOptions, globalOptions } from "./options.ts";
import { addRuns } from "./runs-commands.ts";
import { addSchedule } from "./schedule-commands.ts";
import { addServer } from "./server-commands.ts";
import { styleFor } from "./style.ts";

/** Runs one command line (without node and the script) and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("pipeline")
    .description("Keeps a local, complete copy of the US CFPB Consumer Complaint Database and turns it into answers.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  globalOptions(program);

  // Each command's code is loaded when it is called: `--version` and `--help` stay quick.
  program
    .command("run")
    .description("load what is new, build the models, commit the state")
    .option(...shared.database)
    .option(...shared.companies)
    .option(...shared.startDate)
    .option(...shared.asOf)
    .option(...shared.lookBack)
    .option(...shared.source)
    .option("--reset-state", "forget the watermark and reload everything from the start date")
    .option(...shared.acceptWithdrawals)
    .option(...shared.skipDbt)
    .option("--dry-run", "say what would be read, and change nothing (= pipeline plan)")
    .option("--trigger <name>", "what the history says started it", "cli")
    .addOption(new Option("--run-id <id>").hideHelp())
    .option(...shared.logFormat)
    .addHelpText("after", runExamples)
    .action(async (options: object, command: Command) => {
      const all = { ...options, ...command.optsWithGlobals<GlobalOptions & { dryRun?: boolean }>() };
      if (all.dryRun) exitCode = await (await import("./plan.ts")).planCommand(all);
      else exitCode = await (await import("./run.ts")).runCommand(all);
    });

  program
    .command("init")
    .description("write a commented pipeline.yaml, and its JSON Schema for editors")
    .option("--force", "write over files that are there")
    .action(async (_options: object, command: Command) => {
      const { initCommand } = await import("./init.ts");
      exitCode = await initCommand(command.optsWithGlobals());
    });

  program
    .command("plan")
    .description("say what a run would read: windows and why, rows, requests; changes nothing")
    .option(...shared.database)
    .option(...shared.companies)
    .option(...shared.startDate)
    .option(...shared.asOf)
    .option(...shared.lookBack)
    .option(...shared.source)
    .option("--reset-state", "as if the watermark were forgotten")
    .action(async (_options: object, command: Command) => {
      const { planCommand } = await import("./plan.ts");
      exitCode = await planCommand(command.optsWithGlobals());
    });

  program
    .command("backfill")
    .description("read days again, of the configured companies or these; no watermark moves")
    .requiredOption("--from <day>", "first day")
    .requiredOption("--to <day>", "last day")
    .option(...shared.database)
    .option(...shared.companies)
    .option("--as-of <day>", "the day it is (default: today, in UTC)")
    .option(...shared.source)
    .option(...shared.acceptWithdrawals)
    .option(...shared.skipDbt)
    .option(...shared.logFormat)
    .action(async (_options: object, command: Command) => {
      const { backfillCommand } = await import("./backfill.ts");
      exitCode = await backfillCommand(command.optsWithGlobals());
    });

  program
    .command("companies")
    .description("the names that companies have at the source")
    .command("search")
    .description("the exact names that a text means, with their complaints")
    .argument("<text>", "a name, or words that a name holds")
    .option(...shared.source)
    .action(async (text: string, _options: object, command: Command) => {
      const { companiesSearch } = await import("./companies.ts");
      exitCode = await companiesSearch(text, command.optsWithGlobals<GlobalOptions>());
    });

  const state = program.command("state").description("what the warehouse remembers of each company");
  state
    .command("show")
    .description("print watermark, rows and last load of each company, and what dbt still has to build")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (_options: object, command: Command) => {
      const { stateShow } = await import("./state.ts");
      exitCode = await stateShow(command.optsWithGlobals<GlobalOptions>());
    });
  state
    .command("reset")
    .description("forget the watermark of these companies, of all where none is named; no row is removed")
    .argument("[company...]", "companies as they are configured")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (companies: string[], _options: object, command: Command) => {
      const { stateReset } = await import("./state.ts");
      exitCode = await stateReset(companies, command.optsWithGlobals<GlobalOptions>());
    });

  program
    .command("dbt")
    .description(
      "run dbt on the warehouse: `pipeline dbt -- test`; `pipeline dbt docs` writes one page of documentation",
    )
    .argument("<args...>", "a dbt command, after --; or docs")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .addHelpText("after", dbtExamples)
    .action(async (args: string[], _options: object, command: Command) => {
      const { dbtCommand } = await import("./dbt.ts");
      exitCode = await dbtCommand(args, command.optsWithGlobals<GlobalOptions>());
    });

  program
    .command("sql")
    .description("ask the published snapshot; a shell where no statement is given")
    .argument("[statement]", "one SELECT; from stdin where none is given and it is no terminal")
    .option("--csv", "print CSV")
    .option("--timeout <seconds>", "time a statement may take (default: 60)")
    .option("--memory <megabytes>", "memory a statement may take (default: 2048)")
    .option("--source <url>", "`sample` for the embedded source's own snapshot")
    .addHelpText("after", sqlExamples)
    .action(async (statement: string | undefined, _options: object, command: Command) => {
      const { sqlCommand } = await import("./sql.ts");
      exitCode = await sqlCommand(statement, command.optsWithGlobals());
    });

  program
    .command("export")
    .description("write the published tables as files")
    .requiredOption("--to <dir>", "a folder that is empty or not there yet")
    .option("--format <name>", "parquet, csv or duckdb", "parquet")
    .option("--source <url>", "`sample` for the embedded source's own snapshot")
    .action(async (_options: object, command: Command) => {
      const { exportCommand } = await import("./export.ts");
      exitCode = await exportCommand(command.optsWithGlobals());
    });

  for (const add of [addRuns, addSchedule, addServer]) {
    add(program, (code) => {
      exitCode = code;
    });
  }

  program
    .command("backup")
    .description("copy warehouse, history, schedules and snapshot into a folder; waits while a run is under way")
    .requiredOption("--to <dir>", "a folder that is empty or not there yet")
    .option("--wait <seconds>", "how long to wait for a run that is under way", "3600")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (_options: object, command: Command) => {
      const { backupCommand } = await import("./backup.ts");
      exitCode = await backupCommand(command.optsWithGlobals());
    });

  program
    .command("restore")
    .description("put a backup in place, once every file of it is proved whole")
    .argument("<dir>", "what `pipeline backup` wrote")
    .option("--force", "put what stands there aside, into <home>/before-restore-*")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (folder: string, _options: object, command: Command) => {
      const { restoreCommand } = await import("./backup.ts");
      exitCode = await restoreCommand(folder, command.optsWithGlobals());
    });

  program
    .command("notify")
    .description("the channels through which people are told how the runs went")
    .command("test")
    .description("send a test to every configured channel; exit code 1 where one did not take it")
    .action(async (_options: object, command: Command) => {
      const { notifyTest } = await import("./notify-test.ts");
      exitCode = await notifyTest(command.optsWithGlobals<GlobalOptions>());
    });

  program
    .command("doctor")
    .description(
      "look at everything that a nightly run needs, and say how to fix what is wrong; exit code 1 for a failure",
    )
    .option(...shared.database)
    .option(...shared.source)
    .option("--offline", "ask the source nothing")
    .action(async (_options: object, command: Command) => {
      const { doctorCommand } = await import("./doctor.ts");
      exitCode = await doctorCommand(command.optsWithGlobals<GlobalOptions>());
    });

  const sample = program.command("sample").description("the embedded source of made-up complaints");
  sample
    .command("start")
    .description("serve made-up complaints like the CFPB search API does, until it is stopped")
    .option("--port <port>", "port on 127.0.0.1 (default: any that is free)")
    .option("--as-of <day>", "the day it lives in (default: the real time goes on)")
    .option("--scale <number>", "how many complaints: 1 makes about 350,000 (default: 1)")
    .option("--shape <name>", "form of the answers: today, july or noon (2026's three; default: today)")
    .option("--documents <file>", "serve these documents, a JSON object a line, in place of the made-up ones")
    .option(
      "--rates <limits>",
      "none, real (20 searches a minute), or a number: real ones in a minute so many times shorter",
    )
    .option("--latency <ms>", "milliseconds before each answer (default: 0)")
    .option("--control", "open the control endpoint, through which tests cause faults")
    .addHelpText("after", sampleExamples)
    .action(async (_options: object, command: Command) => {
      const { sampleStart } = await import("./sample.ts");
      exitCode = await sampleStart(command.optsWithGlobals());
    });

  const json = argv.includes("--json");
  const style = styleFor(process.stderr, { color: !argv.includes("--no-color") }, process.env);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportError(error instanceof CommanderError ? wrongUsage(error, program) : error, json, style);
  }
}

const runExamples = `
Examples:
  $ pipeline run                                          the configured companies, from the live source
  $ pipeline run --source sample                          made-up complaints, to try it out
  $ pipeline run --companies 'equifax,"EQUIFAX, INC."'    a name that holds a comma stands in double quotes
  $ pipeline run --reset-state                            reload everything from the start date`;

const sqlExamples = `
Examples:
  $ pipeline sql "select company, total_complaints from dim_companies order by 2 desc limit 10"
  $ pipeline sql "from agg_state_month where state = 'CA'" --csv > california.csv
  $ pipeline sql "show tables" --json
  $ pipeline sql                                          a shell with history, .tables and .schema`;

const dbtExamples = `
Examples:
  $ pipeline dbt -- test --select test_type:unit          the unit tests of the metrics
  $ pipeline dbt -- build --select +dim_states            one mart and what it is made of
  $ pipeline dbt -- source freshness                      how old the newest row is
  $ pipeline dbt docs                                     columns, tests and lineage, as one page`;

const sampleExamples = `
Examples:
  $ pipeline sample start --port 4300 --rates real        to try a client against the real limits
  $ pipeline run --source http://127.0.0.1:4300/data-research/consumer-complaints/search/api/v1/`;

/** The parser's message as one of ours. */
function wrongUsage(error: CommanderError, program: Command): PipelineError {
  if (error.code === "commander.help") {
    process.stderr.write(program.helpInformation());
    return new PipelineError({
      code: "usage",
      what: "No command was given.",
      data: "Nothing was read or changed.",
      next: "Name one of the commands above, such as: pipeline run",
    });
  }
  const text = error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*\(/, " (")
    .trim();
  const what = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return new PipelineError({
    code: "usage",
    what: /[.?!)]$/.test(what) ? what : `${what}.`,
    data: "Nothing was read or changed.",
    next: "See what there is with: pipeline --help",
  });
}
