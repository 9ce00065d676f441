import { type ErrorFacts, withoutAddress } from "../../run/errors.ts";
import type { NameNote } from "../../run/name-notes.ts";
import type { Outside, SourceFields } from "../flow/values.ts";
import type { Trouble } from "../health/health.ts";
import { noteText } from "../names/names.ts";
import { formatCount, plural } from "./format.ts";

/** What somebody should look at though the run completed. The message is a sentence without its full stop. */
export type Warning = {
  code:
    | `name_${NameNote["kind"]}`
    | `source_${Trouble["kind"]}`
    | "field_emptied"
    | "response_unknown"
    | "outside_differs"
    | "file_unavailable";
  message: string;
};

export function nameWarning(company: string, note: NameNote): Warning {
  return { code: `name_${note.kind}`, message: noteText(company, note) };
}

/** Why the file of everything was not read. */
export function fileWarning({ message }: ErrorFacts): Warning {
  const why = withoutAddress(message).replace(/\.$/, "");
  return {
    code: "file_unavailable",
    message: `the file of everything could not be read, and pages were in its place: ${why}`,
  };
}

/** What is wrong with the source as a whole, on a day on which nothing is withdrawn. */
export function troubleWarning(trouble: Trouble): Warning {
  return { code: `source_${trouble.kind}`, message: `${troubleText(trouble)}; nothing is withdrawn today` };
}

export function troubleText(trouble: Trouble): string {
  switch (trouble.kind) {
    case "stale":
      return "the source says that its data is stale: nothing new has come for days";
    case "issue":
      return "the source says that its data has an issue";
    case "went_back":
      return `the source went back from its index of ${trouble.from.slice(0, 10)} to that of ${trouble.to.slice(0, 10)}`;
    case "shrank":
      return `the source has ${plural(trouble.to, "complaint")} in all, and had ${formatCount(trouble.from)} before`;
  }
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

/** Days that were not read and have other numbers of rows here and at the source. */
export function outsideWarnings(outside: readonly Outside[]): Warning[] {
  return outside
    .filter(({ differing }) => differing.length > 0)
    .map(({ from, to, here, there, differing }) => {
      const named = differing
        .slice(0, 3)
        .map((one) => `${one.name} ${formatCount(one.here)} here and ${formatCount(one.there)} there`);
      const more = differing.length > 3 ? ` and ${differing.length - 3} more names` : "";
      const where = `outside the windows, from ${from} to ${to}, ${plural(here, "row")} here and ${formatCount(there)} at the source`;
      return {
        code: "outside_differs",
        message: `${where} (${named.join(", ")}${more}); to read those days again: pipeline backfill --from ${from} --to ${to}`,
      };
    });
}
