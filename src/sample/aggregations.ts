import type { Rows, Snapshot, WordField } from "./rows.ts";
import { type AskedCompanies, asksDays, type Selection } from "./select.ts";
import type { Words } from "./words.ts";

type Bucket = { key: string; doc_count: number; [sub: string]: unknown };
type Terms = { doc_count_error_upper_bound: number; sum_other_doc_count: number; buckets: Bucket[] };

/** The nine distributions of an answer, with the most buckets each level has. Source: cfpb/ccdb5-api. */
const fields: { name: WordField; most: number; sub?: { name: WordField; most: number } }[] = [
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

/** Each field's distribution over the rows that match every filter but its own. Nulls are in no bucket. */
export function aggregate(
  rows: Rows,
  snapshot: Snapshot,
  selection: Selection,
  asked: AskedCompanies,
): Record<string, unknown> {
  const [start, end] = asksDays(rows, snapshot, selection);
  const companies = snapshot.codes.company;
  const beforeCompany: number[] = [];
  const all: number[] = [];
  for (let position = start; position < end; position++) {
    const row = snapshot.visible[position]!;
    if (asked.text !== null && !asked.text.has(companies[row]!)) continue;
    beforeCompany.push(row);
    if (asked.filter === null || asked.filter.has(companies[row]!)) all.push(row);
  }
  return Object.fromEntries(
    fields.map(({ name, most, sub }) => {
      const counted = name === "company" ? beforeCompany : all;
      const terms = sub
        ? nested(rows, snapshot, counted, name, most, sub)
        : flat(rows.words[name], countCodes(snapshot, counted, name, rows.words[name].size), most);
      return [name, { doc_count: counted.length, [name]: terms }];
    }),
  );
}

function countCodes(snapshot: Snapshot, counted: readonly number[], field: WordField, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  const codes = snapshot.codes[field];
  for (const row of counted) counts[codes[row]!]!++;
  return counts;
}

/** Buckets by count, equal counts by key in code point order. */
function flat(words: Words, counts: Uint32Array, most: number): Terms {
  const buckets: Bucket[] = [];
  for (let code = 1; code < counts.length; code++) {
    const count = counts[code]!;
    if (count > 0) buckets.push({ key: words.text(code)!, doc_count: count });
  }
  buckets.sort((a, b) => b.doc_count - a.doc_count || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  const others = buckets.slice(most).reduce((sum, bucket) => sum + bucket.doc_count, 0);
  return { doc_count_error_upper_bound: 0, sum_other_doc_count: others, buckets: buckets.slice(0, most) };
}

function nested(
  rows: Rows,
  snapshot: Snapshot,
  counted: readonly number[],
  name: WordField,
  most: number,
  sub: { name: WordField; most: number },
): Terms {
  const words = rows.words[name];
  const subSize = rows.words[sub.name].size;
  const parents = snapshot.codes[name];
  const children = snapshot.codes[sub.name];
  const counts = new Uint32Array(words.size);
  const pairs = new Uint32Array(words.size * subSize);
  for (const row of counted) {
    counts[parents[row]!]!++;
    pairs[parents[row]! * subSize + children[row]!]!++;
  }
  const terms = flat(words, counts, most);
  for (const bucket of terms.buckets) {
    const parent = words.code(bucket.key)!;
    const own = pairs.subarray(parent * subSize, (parent + 1) * subSize);
    bucket[`${sub.name}.raw`] = flat(rows.words[sub.name], own, sub.most);
  }
  return terms;
}
