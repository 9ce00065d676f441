import { Command, CommanderError } from "commander";
import { version } from "./version.ts";

/** Runs one command line (without node and the script) and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("pipeline")
    .description("Keeps a local, complete copy of the US CFPB Consumer Complaint Database and turns it into answers.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride();
  try {
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
