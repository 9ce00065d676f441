import { type NameNote, noteText } from "./names.ts";
import type { SourceFields } from "./ports.ts";
import { plural } from "./words.ts";

/** What somebody should look at though the run completed. The message is a sentence without its full stop. */
export type Warning = { code: `name_${NameNote["kind"]}` | "field_emptied" | "response_unknown"; message: string };

export function nameWarning(company: string, note: NameNote): Warning {
  return { code: `name_${note.kind}`, message: noteText(company, note) };
}

/** Values of the source that are not what they were. */
export function fieldWarnings({ emptied, responses }: SourceFields): Warning[] {
  const found: Warning[] = emptied.map(({ field, rows }) => ({
    code: "field_emptied",
    message: `the source sends ${field} without a value in all of ${plural(rows, "row")}; the values that are stored are kept`,
  }));
  if (responses.length === 0) return found;
  const named = responses.map((response) => `"${response}"`).join(", ");
  const message = `company_response has values that are not known: ${named}; they count as neither in progress nor settled`;
  return [...found, { code: "response_unknown", message }];
}
