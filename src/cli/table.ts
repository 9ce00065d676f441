import { visible } from "../pipeline/words.ts";

export type Column = {
  title: string;
  align?: "right";
  /** Colors a padded cell by its text. */
  style?(padded: string, cell: string): string;
};

/** Rows as text in aligned columns, two spaces apart, under a line of titles. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ title }) => title), ...rows].map((row) => row.map(visible));
  const widths = columns.map((_, i) => Math.max(...all.map((row) => [...(row[i] ?? "")].length)));
  const line = (row: readonly string[]) =>
    columns
      .map(({ align, style }, i) => {
        const cell = row[i] ?? "";
        const space = " ".repeat((widths[i] ?? 0) - [...cell].length);
        const padded = align === "right" ? space + cell : cell + space;
        return style === undefined ? padded : style(padded, cell);
      })
      .join("  ")
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join("");
}
