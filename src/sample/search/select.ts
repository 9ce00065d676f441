import { textOrder } from "../dataset/rows.ts";
import type { View } from "../index/live-index.ts";
import type { FilterField, Selection } from "./parameters.ts";
import { type RowTest, termTest } from "./search-term.ts";

export type Selected = {
  /** Row numbers that match everything, ascending. */
  rows: Uint32Array;
  /** Rows that only the field's own filter keeps out: the field's distribution counts them too. */
  near: Map<FilterField, Uint32Array>;
};

const kept = 8;
const cache = new WeakMap<object, Map<string, Selected | null>>();

/** The rows of a selection, remembered for the pages that follow. Null: the index cannot carry out the search (424). */
export function select(view: View, selection: Selection): Selected | null {
  const { include, exclude, searchTerm, field, received, sent } = selection;
  // Infinity is no JSON: as text it is.
  const key = JSON.stringify([
    include,
    exclude,
    searchTerm,
    field,
    Object.values(received).map(String),
    sent && Object.values(sent).map(String),
  ]);
  const known = cache.get(view.snapshot) ?? new Map<string, Selected | null>();
  cache.set(view.snapshot, known);
  if (!known.has(key)) {
    if (known.size >= kept) known.delete(known.keys().next().value!);
    known.set(key, compute(view, selection));
  }
  return known.get(key)!;
}

function compute(view: View, selection: Selection): Selected | null {
  const { rows, snapshot } = view;
  const always: RowTest[] = [];
  if (selection.searchTerm !== null) {
    const test = termTest(rows, snapshot, selection.searchTerm, selection.field);
    if (test === null) return null;
    always.push(test);
  }
  const { sent } = selection;
  if (sent !== null) always.push((row) => snapshot.sent[row]! >= sent.from && snapshot.sent[row]! <= sent.to);
  const excluded = Object.entries(selection.exclude).map(([field, values]) =>
    fieldTest(view, field as FilterField, values),
  );
  if (excluded.includes(null)) return null;
  // Several exclusions keep out only what all of them hit. Source: cfpb/ccdb5-api.
  if (excluded.length > 0) always.push((row) => !excluded.every((test) => test!(row)));

  const filters: { field: FilterField; test: RowTest }[] = [];
  for (const [field, values] of Object.entries(selection.include) as [FilterField, string[]][]) {
    const test = fieldTest(view, field, values);
    if (test === null) return null;
    filters.push({ field, test });
  }
  return pass(view, selection, always, filters);
}

/** One pass over the rows of the asked days, counting the filters that each fails. */
function pass(
  view: View,
  { received }: Selection,
  always: readonly RowTest[],
  filters: readonly { field: FilterField; test: RowTest }[],
): Selected {
  const { rows, snapshot } = view;
  const { visible } = snapshot;
  const near = new Map<FilterField, number[]>(filters.map(({ field }) => [field, []]));
  const start = firstWhere(visible.length, (position) => rows.received[visible[position]!]! >= received.from);
  const end = firstWhere(visible.length, (position) => rows.received[visible[position]!]! > received.to);
  const found = new Uint32Array(Math.max(end - start, 0));
  let count = 0;
  next: for (let position = start; position < end; position++) {
    const row = visible[position]!;
    for (const test of always) if (!test(row)) continue next;
    let failed: FilterField | undefined;
    for (const { field, test } of filters) {
      if (test(row)) continue;
      if (failed !== undefined) continue next;
      failed = field;
    }
    if (failed === undefined) found[count++] = row;
    else near.get(failed)!.push(row);
  }
  return {
    rows: found.subarray(0, count),
    near: new Map([...near].map(([field, list]) => [field, Uint32Array.from(list)])),
  };
}

/** Null: the index cannot read the value. */
function fieldTest(view: View, field: FilterField, values: readonly string[]): RowTest | null {
  const { words } = view.rows;
  const { codes } = view.snapshot;
  if (field === "has_narrative") {
    if (values.some((value) => value !== "true" && value !== "false")) return null;
    return (row) => values.includes(String(codes.complaint_what_happened[row] !== 0));
  }
  if (field === "product" || field === "issue") return levelTest(view, field, values);
  const wanted = new Set(values.map((value) => words[field].code(value)));
  const column = codes[field];
  return (row) => wanted.has(column[row]!);
}

/** `parent` or `parent•child`; a parent beside its own child is dropped: only the child counts. */
function levelTest(view: View, field: "product" | "issue", values: readonly string[]): RowTest {
  const sub = field === "product" ? "sub_product" : "sub_issue";
  const { words } = view.rows;
  const parents = view.snapshot.codes[field];
  const children = view.snapshot.codes[sub];
  const wanted = new Map<number | undefined, Set<number | undefined> | null>();
  for (const value of values) {
    const [parent = "", child] = value.split("•");
    const code = words[field].code(parent);
    if (child === undefined) {
      if (!wanted.has(code)) wanted.set(code, null);
    } else wanted.set(code, (wanted.get(code) ?? new Set()).add(words[sub].code(child)));
  }
  return (row) => {
    const of = wanted.get(parents[row]!);
    return of === null || (of?.has(children[row]!) ?? false);
  };
}

/** The place of a page: the `sort` pair of the hit before it. A score where the order is by relevance. */
export type After = { first: number; id: string };

/** Up to `size` row numbers in the order asked for, after the pair where one is given. */
export function page(view: View, selected: Uint32Array, sort: string, size: number, after: After | null): Uint32Array {
  if (size === 0) return new Uint32Array();
  const ascending = sort.endsWith("_asc");
  const byDate = sort.startsWith("created_date");
  const order = byDate ? selected : byId(view, selected);
  const compare = (row: number, pair: After) =>
    (byDate ? view.rows.received[row]! : 1) - pair.first || compareId(view.rows.id[row]!, pair.id);
  if (ascending) {
    const start = after === null ? 0 : firstWhere(order.length, (i) => compare(order[i]!, after) > 0);
    return order.slice(start, start + size);
  }
  const end = after === null ? order.length : firstWhere(order.length, (i) => compare(order[i]!, after) >= 0);
  return order.slice(Math.max(end - size, 0), end).reverse();
}

/** Rows by their ids as texts: without a search term all scores are equal. */
function byId({ rows }: View, selected: Uint32Array): Uint32Array {
  const orders = Float64Array.from(selected, (row) => textOrder(rows.id[row]!));
  const positions = Uint32Array.from(selected.keys()).sort((a, b) => orders[a]! - orders[b]!);
  return positions.map((position) => selected[position]!);
}

/** Ids compare as texts; the pair's may be anything. */
function compareId(id: number, pair: string): number {
  if (/^[1-9]\d{0,7}$/.test(pair)) return textOrder(id) - textOrder(Number(pair));
  const text = String(id);
  return text < pair ? -1 : text > pair ? 1 : 0;
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
