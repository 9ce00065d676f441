import type { Value } from "../wire.ts";

/** A line of CSV as RFC 4180 has it; null is an empty field, an empty text a quoted one. */
export function csvLine(values: readonly Value[]): string {
  return `${values.map(field).join(",")}\r\n`;
}

function field(value: Value): string {
  if (value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
