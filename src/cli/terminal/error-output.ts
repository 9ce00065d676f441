import { escapeControls } from "../../pipeline/report/format.ts";
import { type ErrorFacts, exitCodeOf, factsOf, PipelineError } from "../../run/errors.ts";
import { redactor, redactValue, secretsOf } from "../../run/redact.ts";
import { withHomeOptions } from "../hints.ts";
import type { Style } from "./style.ts";

/** Prints an error once: on stderr for people, and with --json as the document. Gives the exit code. */
export function reportError(error: unknown, json: boolean, style: Style): number {
  // Of errors outside a run: what was in the environment may stand in a message about it.
  const redact = redactor(secretsOf(process.env.PIPELINE_SOURCE ?? ""));
  const facts = redactValue(redact, factsOf(error));
  if (json) process.stdout.write(`${JSON.stringify({ error: { ...facts, next: withHomeOptions(facts.next) } })}\n`);
  process.stderr.write(errorText(facts, style));
  return (error instanceof PipelineError ? error.exitCode : undefined) ?? exitCodeOf(facts.code);
}

/** What happened, what happened to the data, what to do next. */
export function errorText({ code, message, data, next }: ErrorFacts, style: Style): string {
  // A message may have lines of its own; nothing else in it is obeyed by a terminal.
  const plain = (text: string) => text.split("\n").map(escapeControls).join("\n");
  return `${style.bad(`error[${code}]:`)} ${plain(message)}\n${style.dim("data:")} ${plain(data)}\n${style.dim("next:")} ${plain(withHomeOptions(next))}\n`;
}
