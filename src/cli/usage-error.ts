import type { Command, CommanderError } from "commander";
import { type PipelineError, usageError } from "../run/errors.ts";
import { commandOf } from "./hints.ts";

/** The parser's message as one of ours. */
export function parserError(error: CommanderError, program: Command): PipelineError {
  if (error.code === "commander.help") {
    process.stderr.write(program.helpInformation());
    return usageError(
      "No command was given.",
      "Name one of the commands above, such as: pipeline run",
      "Nothing was read or changed.",
    );
  }
  const text = error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*\(/, " (")
    .trim();
  const what = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return usageError(/[.?!)]$/.test(what) ? what : `${what}.`, helpText(), "Nothing was read or changed.");
}

/** Where the options of the command stand that was called. */
function helpText(): string {
  const command = commandOf();
  return `See what there is with: pipeline ${command === "" ? "" : `${command} `}--help`;
}

/** A command line that cannot be meant; `next` says what to do. */
export function wrong(message: string, next = helpText(), data = "Nothing was changed."): PipelineError {
  return usageError(message, next, data);
}
