import { isEvery } from "../pipeline/names/every.ts";
import type { Window } from "../pipeline/window/days.ts";

/** Longest request line that every server takes, in bytes, less room for the other parameters. */
const longestNames = 3_500;

export type PageQuery = {
  names: readonly string[];
  window: Window;
  size: number;
  /** `<epoch ms>_<complaint id>` of the last hit already read. */
  after: string | null;
};

/** The address of a page: oldest first, so that rows which arrive meanwhile come last. */
export function pageUrl(base: string, { names, window, size, after }: PageQuery): string {
  const query = new URLSearchParams();
  for (const name of names) query.append("company", name);
  query.set("date_received_min", window.from);
  query.set("date_received_max", window.to);
  query.set("size", String(size));
  query.set("sort", "created_date_asc");
  query.set("no_aggs", "true");
  query.set("no_highlight", "true");
  if (after !== null) query.set("search_after", after);
  return `${base}?${query}`;
}

/** The address of an export: all rows as CSV, without pages. */
export function exportUrl(base: string, { names, window }: Pick<PageQuery, "names" | "window">): string {
  const query = new URLSearchParams();
  for (const name of names) query.append("company", name);
  query.set("date_received_min", window.from);
  query.set("date_received_max", window.to);
  query.set("format", "csv");
  return `${base}?${query}`;
}

/** The address of the company names with their counts: of everything, or of what the text matches. */
export function namesUrl(base: string, searchTerm?: string): string {
  const query = new URLSearchParams({ size: "0" });
  if (searchTerm !== undefined) {
    query.set("search_term", searchTerm);
    query.set("field", "company");
  }
  return `${base}?${query}`;
}

/** The address of the company names with their counts in some days. */
export function namesInDaysUrl(base: string, { from, to }: Window): string {
  return `${base}?${new URLSearchParams({ date_received_min: from, date_received_max: to, size: "0" })}`;
}

/** The names in as few groups as fit into a request line each; a walk asks for one group. Every company is one group without names. */
export function groupNames(names: readonly string[]): string[][] {
  if (isEvery(names)) return [[]];
  const groups: string[][] = [];
  let length = 0;
  for (const name of names) {
    const bytes = new URLSearchParams({ company: name }).toString().length + 1;
    if (groups.length === 0 || length + bytes > longestNames) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)!.push(name);
    length += bytes;
  }
  return groups;
}
