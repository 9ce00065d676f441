import { matchCompanies } from "./company-text.ts";
import type { Query } from "./parameters.ts";
import { type Rows, type Snapshot, textOrder } from "./rows.ts";

/** The part of a query that decides which rows there are, whatever page of them is asked for. */
export type Selection = Pick<Query, "companies" | "searchTerm" | "from" | "to">;

/** Which companies a query asks for: by the filter on their names, and by the search text. Null: all. */
export type AskedCompanies = { filter: Set<number> | null; text: Set<number> | null };

/** Null: the index cannot read the search term. */
export function askedCompanies(rows: Rows, selection: Selection): AskedCompanies | null {
  const { company } = rows.words;
  const text = selection.searchTerm === null ? null : matchCompanies(selection.searchTerm, company);
  if (selection.searchTerm !== null && text === null) return null;
  const codes = selection.companies.map((name) => company.code(name)).filter((code) => code !== undefined);
  return { filter: selection.companies.length === 0 ? null : new Set(codes), text };
}

/** Where the rows of the asked days begin and end in `visible`. */
export function asksDays(rows: Rows, snapshot: Snapshot, selection: Selection): [start: number, end: number] {
  const received = (position: number) => rows.received[snapshot.visible[position]!]!;
  const start = firstWhere(snapshot.visible.length, (position) => received(position) >= selection.from);
  const end = firstWhere(snapshot.visible.length, (position) => received(position) > selection.to);
  return [start, Math.max(start, end)];
}

/** Row numbers that match, ascending. */
export function select(rows: Rows, snapshot: Snapshot, selection: Selection, asked: AskedCompanies): Uint32Array {
  const [start, end] = asksDays(rows, snapshot, selection);
  const within = snapshot.visible.subarray(start, end);
  if (asked.filter === null && asked.text === null) return within;
  const wanted = new Uint8Array(rows.words.company.size);
  for (let code = 0; code < wanted.length; code++) {
    if ((asked.filter?.has(code) ?? true) && (asked.text?.has(code) ?? true)) wanted[code] = 1;
  }
  const companies = snapshot.codes.company;
  return within.filter((row) => wanted[companies[row]!] === 1);
}

export type Direction = "asc" | "desc";

/**
 * Up to `size` row numbers in the order asked for, after the pair `<epoch ms>_<id>` where one is given. Without an id
 * in the pair, ascending begins with that millisecond again and descending goes on after it.
 */
export function page(
  rows: Rows,
  selected: Uint32Array,
  direction: Direction,
  size: number,
  after: { ms: number; id: string } | null,
): Uint32Array {
  if (direction === "asc") {
    const start = after === null ? 0 : firstWhere(selected.length, (i) => compare(rows, selected[i]!, after) > 0);
    return selected.slice(start, start + size);
  }
  const end =
    after === null ? selected.length : firstWhere(selected.length, (i) => compare(rows, selected[i]!, after) >= 0);
  return selected.slice(Math.max(end - size, 0), end).reverse();
}

function compare(rows: Rows, row: number, pair: { ms: number; id: string }): number {
  const byTime = rows.received[row]! - pair.ms;
  if (byTime !== 0) return byTime;
  if (/^[1-9]\d{0,7}$/.test(pair.id)) return textOrder(rows.id[row]!) - textOrder(Number(pair.id));
  const id = String(rows.id[row]);
  return id < pair.id ? -1 : id > pair.id ? 1 : 0;
}

/** The first number below `count` for which `holds` is true, `count` where there is none. `holds` never turns false again. */
function firstWhere(count: number, holds: (position: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
