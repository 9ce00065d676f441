import { type Command, Option } from "commander";
import { shared } from "../common-options.ts";
import type { GlobalOptions } from "../options.ts";

/** Loading, and what is remembered of it; each command's code is loaded when it is called. */
export function addRun(program: Command, exit: (code: number) => void): void {
  program
    .command("run")
    .description("load what is new, build the models, commit the state")
    .option(...shared.database)
    .option(...shared.companies)
    .option(...shared.startDate)
    .option(...shared.asOf)
    .option(...shared.lookBack)
    .option(...shared.strategy)
    .option(...shared.source)
    .option("--reset-state", "forget the watermark and reload everything from the start date")
    .option(...shared.acceptWithdrawals)
    .option(...shared.acceptSource)
    .option(...shared.skipDbt)
    .option("--dry-run", "say what would be read, and change nothing (= pipeline plan)")
    .option("--trigger <name>", "what the history says started it", "cli")
    .addOption(new Option("--run-id <id>").hideHelp())
    .option(...shared.logFormat)
    .action(async (options: object, command: Command) => {
      const all = { ...options, ...command.optsWithGlobals<GlobalOptions & { dryRun?: boolean }>() };
      if (all.dryRun) exit(await (await import("./plan.ts")).planCommand(all));
      else exit(await (await import("./run.ts")).runCommand(all));
    });

  program
    .command("plan")
    .description("say what a run would read: windows and why, rows, requests; changes nothing")
    .option(...shared.database)
    .option(...shared.companies)
    .option(...shared.startDate)
    .option(...shared.asOf)
    .option(...shared.lookBack)
    .option(...shared.strategy)
    .option(...shared.source)
    .option("--reset-state", "as if the watermark were forgotten")
    .action(async (_options: object, command: Command) => {
      const { planCommand } = await import("./plan.ts");
      exit(await planCommand(command.optsWithGlobals()));
    });

  program
    .command("backfill")
    .description("read days again, of the configured companies or these; no watermark moves")
    .requiredOption("--from <day>", "first day")
    .requiredOption("--to <day>", "last day")
    .option(...shared.database)
    .option(...shared.companies)
    .option("--as-of <day>", "the day it is (default: today, in UTC)")
    .option(...shared.strategy)
    .option(...shared.source)
    .option(...shared.acceptWithdrawals)
    .option(...shared.acceptSource)
    .option(...shared.skipDbt)
    .option("--trigger <name>", "what the history says started it", "cli")
    .addOption(new Option("--run-id <id>").hideHelp())
    .option(...shared.logFormat)
    .action(async (_options: object, command: Command) => {
      const { backfillCommand } = await import("./backfill.ts");
      exit(await backfillCommand(command.optsWithGlobals()));
    });

  program
    .command("import")
    .description(
      "load a file of complaints, CSV or a zip of it: the bulk file, an older copy, the archive of narratives",
    )
    .argument("<file>", "path of the file")
    .option("--as-of <day>", "the day that the file shows (default: when it was last changed)")
    .option("--all-companies", "every complaint in it, and not those of the configured companies alone")
    .option(...shared.companies)
    .option(...shared.database)
    .option(...shared.source)
    .option(...shared.acceptSource)
    .option(...shared.skipDbt)
    .option("--trigger <name>", "what the history says started it", "cli")
    .addOption(new Option("--run-id <id>").hideHelp())
    .option(...shared.logFormat)
    .action(async (file: string, _options: object, command: Command) => {
      const { importCommand } = await import("./import.ts");
      exit(await importCommand(file, command.optsWithGlobals()));
    });

  program
    .command("companies")
    .description("the names that companies have at the source")
    .command("search")
    .description("the exact names that a text means, with their complaints")
    .argument("<text>", "a name, or words that a name holds")
    .option(...shared.source)
    .action(async (text: string, _options: object, command: Command) => {
      const { companiesSearch } = await import("../data/companies.ts");
      exit(await companiesSearch(text, command.optsWithGlobals<GlobalOptions>()));
    });

  const state = program.command("state").description("what the warehouse remembers of each company");
  state
    .command("show")
    .description("print watermark, rows and last load of each company, and what dbt still has to build")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (_options: object, command: Command) => {
      const { stateShow } = await import("../data/state.ts");
      exit(await stateShow(command.optsWithGlobals<GlobalOptions>()));
    });
  state
    .command("reset")
    .description("forget the watermark of these companies, of all where none is named; no row is removed")
    .argument("[company...]", "companies as they are configured")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (companies: string[], _options: object, command: Command) => {
      const { stateReset } = await import("../data/state.ts");
      exit(await stateReset(companies, command.optsWithGlobals<GlobalOptions>()));
    });
}
