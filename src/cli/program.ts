import { Command, CommanderError } from "commander";
import { version } from "../config/version.ts";
import { addData } from "./data/commands.ts";
import { addExamples } from "./examples.ts";
import { globalOptions } from "./options.ts";
import { addRun } from "./run/commands.ts";
import { addRuns } from "./runs/commands.ts";
import { addSchedule } from "./schedule/commands.ts";
import { addServer } from "./server/commands.ts";
import { addSetup } from "./setup/commands.ts";
import { reportError } from "./terminal/error-output.ts";
import { styleFor } from "./terminal/style.ts";
import { parserError } from "./usage-error.ts";

/** Every command with its options and examples; `exit` is told the exit code of the one that runs. */
export function buildProgram(exit: (code: number) => void): Command {
  const program = new Command("pipeline")
    .description("Keeps a local, complete copy of the US CFPB Consumer Complaint Database and turns it into answers.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  globalOptions(program);
  for (const add of [addRun, addRuns, addData, addSchedule, addServer, addSetup]) add(program, exit);
  addExamples(program);
  return program;
}

/** Runs one command line (without node and the script) and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  const json = argv.includes("--json");
  const style = styleFor(process.stderr, { color: !argv.includes("--no-color") }, process.env);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportError(error instanceof CommanderError ? parserError(error, program) : error, json, style);
  }
}
