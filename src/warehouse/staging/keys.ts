import { type Field, fields } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

const known = `[${fields.map(sqlLiteral).join(", ")}]`;

/** A row's missing fields are the bits of a number: a list of their names would be most of what is staged. */
export function bitOf(field: Field): number {
  return 2 ** fields.indexOf(field);
}

/** Which of these keys are no field, as SQL. */
export function unknownOf(keys: string): string {
  return `list_filter(${keys}, lambda key: not list_contains(${known}, key))`;
}

/** The fields that are not among these keys, as the bits of a number. */
export function missingOf(keys: string): string {
  return fields.map((field) => `if(list_contains(${keys}, ${sqlLiteral(field)}), 0, ${bitOf(field)})`).join(" + ");
}

/** Whether a key is among them twice: JSON does not say which value counts. */
export function hasTwice(keys: string): string {
  return `len(list_distinct(${keys})) < len(${keys})`;
}
