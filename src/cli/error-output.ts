import { type ErrorFacts, exitCodeOf, factsOf } from "../pipeline/errors.ts";
import { errorReport } from "../pipeline/report.ts";

/** Prints an error once: on stderr for people, and with --json as the document. Gives the exit code. */
export function reportError(error: unknown, json: boolean): number {
  const facts = factsOf(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: errorReport(facts) })}\n`);
  process.stderr.write(errorText(facts));
  return exitCodeOf(facts.code);
}

/** What happened, what happened to the data, what to do next. */
export function errorText({ code, what, data, next }: ErrorFacts): string {
  return `error[${code}]: ${what}\ndata: ${data}\nnext: ${next}\n`;
}
