import type { RowField } from "../dataset/rows.ts";
import type { Shape } from "../dataset/shapes.ts";
import type { Words } from "../dataset/words.ts";
import type { View } from "../index/live-index.ts";
import type { FilterField, Query } from "./parameters.ts";
import type { Selected } from "./select.ts";

type Bucket = { key: string | number; doc_count: number; [other: string]: unknown };
type Terms = { doc_count_error_upper_bound: number; sum_other_doc_count: number; buckets: Bucket[] };
type Level = { name: Exclude<RowField, "complaint_what_happened">; most: number };

/** The distributions of an answer, with the most buckets each level has. Source: cfpb/ccdb5-api. */
const fields: (Level & { sub?: Level })[] = [
  { name: "company", most: 6500 },
  { name: "company_public_response", most: 10 },
  { name: "company_response", most: 10 },
  { name: "issue", most: 200, sub: { name: "sub_issue", most: 250 } },
  { name: "product", most: 30, sub: { name: "sub_product", most: 90 } },
  { name: "state", most: 100 },
  { name: "submitted_via", most: 10 },
  { name: "tags", most: 10 },
  { name: "timely", most: 10 },
];
/** Rows to count, in parts. */
type RowLists = readonly Uint32Array[];
const nobody = new Uint32Array();

const zipCodes: Level = { name: "zip_code", most: 26_000 };

/** Each field's distribution over the rows that match every filter but its own. Nulls are in no bucket. */
export function aggregate(view: View, query: Query, selected: Selected, shape: Shape): Record<string, unknown> {
  const counted = (field: FilterField): RowLists => [selected.rows, selected.near.get(field) ?? nobody];
  const entry = (field: FilterField, terms: Terms) => {
    const count = selected.rows.length + (selected.near.get(field)?.length ?? 0);
    return [field, { doc_count: count, [field]: terms }];
  };
  // ZIP codes are counted only while they are filtered.
  const asked = query.include.zip_code === undefined ? fields : [...fields, zipCodes];
  const entries = asked.map(({ name, most, sub }: Level & { sub?: Level }) => {
    const rows = counted(name as FilterField);
    const terms = sub
      ? nested(view, rows, { name, most }, sub)
      : flat(view.rows.words[name], codeCounts(view, rows, name), most);
    return entry(name as FilterField, terms);
  });
  if (shape.narratives) entries.push(entry("has_narrative", narratives(view, counted("has_narrative"))));
  return Object.fromEntries(entries);
}

function codeCounts(view: View, parts: RowLists, field: RowField): Uint32Array {
  const counts = new Uint32Array(view.rows.words[field].size);
  const codes = view.snapshot.codes[field];
  for (const rows of parts) for (let i = 0; i < rows.length; i++) counts[codes[rows[i]!]!]!++;
  return counts;
}

/** Buckets by count, equal counts by key in code point order. */
function flat(words: Words, counts: Uint32Array, most: number): Terms {
  const buckets: (Bucket & { bytes: Buffer })[] = [];
  for (let code = 1; code < counts.length; code++) {
    if (counts[code] === 0) continue;
    const key = words.text(code)!;
    buckets.push({ key, doc_count: counts[code]!, bytes: Buffer.from(key) });
  }
  buckets.sort((a, b) => b.doc_count - a.doc_count || Buffer.compare(a.bytes, b.bytes));
  return capped(
    buckets.map(({ key, doc_count }) => ({ key, doc_count })),
    most,
  );
}

function capped(buckets: Bucket[], most: number): Terms {
  const others = buckets.slice(most).reduce((sum, bucket) => sum + bucket.doc_count, 0);
  return { doc_count_error_upper_bound: 0, sum_other_doc_count: others, buckets: buckets.slice(0, most) };
}

function nested(view: View, parts: RowLists, parent: Level, child: Level): Terms {
  const words = view.rows.words[parent.name];
  const childWords = view.rows.words[child.name];
  const parents = view.snapshot.codes[parent.name];
  const children = view.snapshot.codes[child.name];
  const counts = new Uint32Array(words.size);
  const pairs = new Uint32Array(words.size * childWords.size);
  for (const rows of parts) {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      counts[parents[row]!]!++;
      pairs[parents[row]! * childWords.size + children[row]!]!++;
    }
  }
  const terms = flat(words, counts, parent.most);
  for (const bucket of terms.buckets) {
    const code = words.code(String(bucket.key))!;
    const own = pairs.subarray(code * childWords.size, (code + 1) * childWords.size);
    bucket[`${child.name}.raw`] = flat(childWords, own, child.most);
  }
  return terms;
}

function narratives(view: View, parts: RowLists): Terms {
  const texts = view.snapshot.codes.complaint_what_happened;
  const counts = [0, 0];
  for (const rows of parts) for (let i = 0; i < rows.length; i++) counts[texts[rows[i]!] === 0 ? 0 : 1]!++;
  const buckets = [0, 1].map((key) => ({ key, key_as_string: key === 1 ? "true" : "false", doc_count: counts[key]! }));
  buckets.sort((a, b) => b.doc_count - a.doc_count || a.key - b.key);
  return capped(
    buckets.filter(({ doc_count }) => doc_count > 0),
    10,
  );
}
