import type { NameRows } from "../window/window.ts";
import { formatCount, plural } from "./format.ts";

/** Names that are listed: the rest is counted. */
const mostListed = 5;

/** Names with their rows, those with the most of them first, and how many there are besides. */
export function largestNames(names: readonly NameRows[]): string {
  const sorted = names.toSorted((a, b) => b.rows - a.rows);
  const listed = sorted.slice(0, mostListed).map(({ name, rows }) => `${name} (${plural(rows, "row")})`);
  const others = sorted.slice(mostListed);
  const rows = others.reduce((sum, one) => sum + one.rows, 0);
  return others.length === 0
    ? listed.join(", ")
    : `${listed.join(", ")} and ${plural(others.length, "other name")} (${formatCount(rows)} rows)`;
}
