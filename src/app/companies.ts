import { shortStep } from "../pipeline/flow/engine.ts";
import type { Candidates } from "../pipeline/names/names.ts";
import type { Report } from "../run/events.ts";
import { outputOf } from "./step-output.ts";
import type { SourceAccess } from "./wiring/source.ts";

/** The names at the source that a text means, and those that look like it. */
export async function searchCompanies(
  source: SourceAccess,
  text: string,
  signal: AbortSignal,
  report: Report,
): Promise<Candidates> {
  return source.query(signal, report, async (engine) =>
    outputOf(await engine.run("search_companies", null, { text }, shortStep)),
  );
}
