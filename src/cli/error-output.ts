import { type ErrorFacts, exitCodeOf, factsOf } from "../pipeline/errors.ts";
import { errorReport } from "../pipeline/report.ts";
import type { Style } from "./style.ts";

/** Prints an error once: on stderr for people, and with --json as the document. Gives the exit code. */
export function reportError(error: unknown, json: boolean, style: Style): number {
  const facts = factsOf(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: errorReport(facts) })}\n`);
  process.stderr.write(errorText(facts, style));
  return exitCodeOf(facts.code);
}

/** What happened, what happened to the data, what to do next. */
export function errorText({ code, what, data, next }: ErrorFacts, style: Style): string {
  return `${style.bad(`error[${code}]:`)} ${what}\n${style.dim("data:")} ${data}\n${style.dim("next:")} ${next}\n`;
}
