import type { Command } from "commander";
import { shared } from "../common-options.ts";
import type { GlobalOptions } from "../options.ts";

/** What is done with the data; each command's code is loaded when it is called. */
export function addData(program: Command, exit: (code: number) => void): void {
  program
    .command("dbt")
    .description(
      "run dbt on the warehouse: `pipeline dbt -- test`; `pipeline dbt docs` writes one page of documentation",
    )
    .argument("<args...>", "a dbt command, after --; or docs")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (args: string[], _options: object, command: Command) => {
      const { dbtCommand } = await import("./dbt.ts");
      exit(await dbtCommand(args, command.optsWithGlobals<GlobalOptions>()));
    });

  program
    .command("sql")
    .description("ask the published snapshot; a shell where no statement is given")
    .argument("[statement]", "one SELECT; from stdin where none is given and it is no terminal")
    .option("--csv", "print CSV")
    .option("--spreadsheet", "print CSV in which a spreadsheet calculates no text")
    .option("--timeout <seconds>", "time a statement may take (default: 60)")
    .option("--memory <megabytes>", "memory a statement may take (default: 2048)")
    .option("--source <url>", "`sample` for the embedded source's own snapshot")
    .action(async (statement: string | undefined, _options: object, command: Command) => {
      const { sqlCommand } = await import("./sql.ts");
      exit(await sqlCommand(statement, command.optsWithGlobals()));
    });

  program
    .command("export")
    .description("write the published tables as files")
    .requiredOption("--to <dir>", "a folder that is empty or not there yet")
    .option("--format <name>", "parquet, csv or duckdb", "parquet")
    .option("--spreadsheet", "write CSV in which a spreadsheet calculates no text")
    .option("--source <url>", "`sample` for the embedded source's own snapshot")
    .action(async (_options: object, command: Command) => {
      const { exportCommand } = await import("./export.ts");
      exit(await exportCommand(command.optsWithGlobals()));
    });

  program
    .command("backup")
    .description("copy warehouse, history, schedules and snapshot into a folder; waits while a run is under way")
    .requiredOption("--to <dir>", "a folder that is empty or not there yet")
    .option("--wait <seconds>", "how long to wait for a run that is under way", "3600")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (_options: object, command: Command) => {
      const { backupCommand } = await import("./backup.ts");
      exit(await backupCommand(command.optsWithGlobals()));
    });

  program
    .command("restore")
    .description("put a backup in place, once every file of it is proved whole")
    .argument("<dir>", "what `pipeline backup` wrote")
    .option("--force", "put what stands there aside, into <home>/before-restore-*")
    .option("--accept-source", "also where the backup has complaints of another source")
    .option(...shared.database)
    .option(...shared.sampleToo)
    .action(async (folder: string, _options: object, command: Command) => {
      const { restoreCommand } = await import("./backup.ts");
      exit(await restoreCommand(folder, command.optsWithGlobals()));
    });
}
