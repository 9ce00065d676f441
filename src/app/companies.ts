import { shortTask } from "../pipeline/flow/ports.ts";
import type { Candidates } from "../pipeline/names/names.ts";
import type { Report } from "../run/events.ts";
import type { SourceAccess } from "./wiring/source.ts";

/** The names at the source that a text means, and those that look like it. */
export async function searchCompanies(
  source: SourceAccess,
  text: string,
  signal: AbortSignal,
  report: Report,
): Promise<Candidates> {
  return source.query(signal, report, async (ports) => {
    const { candidates } = await ports.tasks.run("resolve_companies", shortTask, (context) =>
      ports.source.findNames([text], context),
    );
    return candidates[0]!;
  });
}
