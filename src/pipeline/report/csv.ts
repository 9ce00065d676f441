/** Whether a database's type is of numbers: a spreadsheet may calculate with them. */
const isNumber = (type: string) => /INT|DECIMAL|DOUBLE|FLOAT/.test(type);

/** What a text that a spreadsheet takes for a formula begins with. */
export const formulaStart = "^\\s*[=+\\-@\\t\\r\\n＝＋－＠]";

/**
 * A line of CSV as RFC 4180 has it; null is an empty field, an empty text a quoted one. With `types`, those of the columns, it is for
 * spreadsheets: a text that one would calculate gets an apostrophe before it.
 */
export function csvLine(values: readonly unknown[], types?: readonly string[]): string {
  return `${values.map((value, i) => field(value, types !== undefined && !isNumber(types[i] ?? ""))).join(",")}\r\n`;
}

function field(value: unknown, isGuarded: boolean): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = isGuarded && new RegExp(formulaStart).test(text) ? `'${text}` : text;
  return safe === "" || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
