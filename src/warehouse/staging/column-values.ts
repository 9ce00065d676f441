import type { Column } from "../../pipeline/dataset/dataset.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

/** SQL that turns a column's text into its value; null where it cannot be read. */
export function columnValue({ kind, known }: Column, text: string): string {
  if (kind === "instant") return `try_cast(trim(${text}) as timestamptz)`;
  if (kind === "key") return `nullif(trim(${text}), '')`;
  if (kind === "narrative") return `nullif(${text}, '')`;
  return known === undefined ? text : asKnown(text, known);
}

/** A text that differs from a known one in its case alone is that one. */
function asKnown(text: string, known: readonly string[]): string {
  const cases = known.map((one) => `when ${sqlLiteral(one.toLowerCase())} then ${sqlLiteral(one)}`);
  return `case lower(${text}) ${cases.join(" ")} else ${text} end`;
}
