import { type NameNote, noteText } from "./names.ts";

/** What somebody should look at though the run completed. The message is a sentence without its full stop. */
export type Warning = { code: `name_${NameNote["kind"]}`; message: string };

export function nameWarning(company: string, note: NameNote): Warning {
  return { code: `name_${note.kind}`, message: noteText(company, note) };
}
