import { escapeControls } from "../../pipeline/report/format.ts";

export type Column = {
  title: string;
  align?: "right";
  /** Colors a padded cell by its text. */
  style?(padded: string, cell: string): string;
  /** Of the columns that may be left out where there is no room, the one with the highest rank goes first. */
  rank?: number;
};

/** Letters that the first column keeps at least, where it is cut. */
const leastFirst = 16;

/**
 * Rows as text in aligned columns, two spaces apart, under a line of titles. `width`: what a line may have; columns with a rank are left
 * out until it fits, then the first column is cut.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): string {
  const all = [columns.map(({ title }) => title), ...rows].map((row) => row.map(escapeControls));
  const widths = columns.map((_, i) => Math.max(...all.map((row) => [...(row[i] ?? "")].length)));
  let shown = [...columns.keys()];
  const total = () => shown.reduce((sum, i) => sum + widths[i]! + 2, -2);
  const least = () => total() - Math.max(widths[shown[0]!]! - leastFirst, 0);
  while (least() > width) {
    const rank = Math.max(...shown.map((i) => columns[i]!.rank ?? 0));
    if (rank === 0) break;
    shown = shown.filter((i) => (columns[i]!.rank ?? 0) < rank);
  }
  const first = shown[0]!;
  widths[first] = Math.max(Math.min(widths[first]!, leastFirst), widths[first]! - Math.max(total() - width, 0));
  const line = (row: readonly string[]) =>
    shown
      .map((i) => {
        const { align, style } = columns[i]!;
        const cell = cut(row[i] ?? "", widths[i]!);
        const space = " ".repeat(widths[i]! - [...cell].length);
        const padded = align === "right" ? space + cell : cell + space;
        return style === undefined ? padded : style(padded, cell);
      })
      .join("  ")
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join("");
}

function cut(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join("")}…`;
}
