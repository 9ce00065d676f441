import type { Codes, RowField, Rows, Snapshot } from "../dataset/rows.ts";
import type { Words } from "../dataset/words.ts";
import { askedWords, namedWords, standardWords } from "./analysis.ts";
import { type Clause, parseQueryString } from "./query-string.ts";

/** True for the rows that a search term finds. */
export type RowTest = (row: number) => boolean;

/** A search with one of these is a query string: its words are joined by OR. Source: cfpb/ccdb5-api. */
const isQueryString = /[^A-Za-z0-9\s]|AND|OR|NOT|TO/;

/** How each field is searched: by words of a name, by plain words, or as a whole value in its own case. */
const searched: Partial<Record<RowField, "named" | "standard" | "whole">> = {
  company: "named",
  company_public_response: "named",
  complaint_what_happened: "named",
  product: "standard",
  sub_product: "standard",
  issue: "standard",
  sub_issue: "standard",
  state: "whole",
  zip_code: "whole",
  tags: "whole",
  timely: "whole",
  company_response: "whole",
  submitted_via: "whole",
};
const allFields = Object.keys(searched) as RowField[];

/** The test of a term. Null: the index cannot read it. `field` is `company`, `complaint_what_happened`, `all` or `_all`. */
export function termTest(rows: Rows, snapshot: Snapshot, term: string, field: string): RowTest | null {
  const isAll = field === "all" || field === "_all";
  const fields = isAll ? allFields : [field as RowField];
  if (!isQueryString.test(term)) {
    // All words in one and the same field.
    return anyOf(rows, snapshot, fields, (name) => valuesWithAll(name, term), isAll ? term.trim() : null);
  }
  const clauses = parseQueryString(term);
  if (clauses === null) return null;
  const tests = clauses.map((clause) => ({
    occur: clause.occur,
    test: clauseTest(rows, snapshot, clause, fields, isAll),
  }));
  const must = tests.filter(({ occur }) => occur === "must");
  const should = tests.filter(({ occur }) => occur === "should");
  const not = tests.filter(({ occur }) => occur === "not");
  return (row) =>
    must.every(({ test }) => test(row)) &&
    !not.some(({ test }) => test(row)) &&
    (must.length > 0 || should.length === 0 || should.some(({ test }) => test(row)));
}

type ValueTest = (text: string) => boolean;

/** Rows of which one of the fields passes its test; `id` is compared with whole complaint ids. */
function anyOf(
  rows: Rows,
  snapshot: Snapshot,
  fields: readonly RowField[],
  testOf: (field: RowField) => ValueTest | { whole: string } | null,
  id: string | null,
): RowTest {
  const parts: { codes: Codes; passes: Uint8Array | number }[] = [];
  for (const field of fields) {
    const test = testOf(field);
    if (test === null) continue;
    const words = rows.words[field];
    const codes = snapshot.codes[field];
    if (typeof test === "function") parts.push({ codes, passes: passing(words, test) });
    else {
      const code = words.code(test.whole);
      if (code !== undefined) parts.push({ codes, passes: code });
    }
  }
  const wantedId = id !== null && /^[1-9]\d{0,8}$/.test(id) ? Number(id) : -1;
  return (row) => {
    for (const { codes, passes } of parts) {
      const code = codes[row]!;
      if (typeof passes === "number" ? code === passes : passes[code] === 1) return true;
    }
    return rows.id[row] === wantedId;
  };
}

function passing(words: Words, test: ValueTest): Uint8Array {
  const passes = new Uint8Array(words.size);
  for (let code = 1; code < words.size; code++) if (test(words.text(code) ?? "")) passes[code] = 1;
  return passes;
}

function valuesWithAll(field: RowField, term: string): ValueTest | { whole: string } | null {
  const kind = searched[field];
  if (kind === "whole") return { whole: term.trim() };
  const asked = kind === "standard" ? standardWords(term) : askedWords(term);
  if (asked.length === 0) return null;
  return (text) => {
    const found = kind === "standard" ? new Set(standardWords(text)) : namedWords(text);
    return asked.every((word) => found.has(word));
  };
}

function clauseTest(
  rows: Rows,
  snapshot: Snapshot,
  clause: Clause,
  fields: readonly RowField[],
  isAll: boolean,
): RowTest {
  const { field, term } = clause;
  if (term.kind === "pattern" && term.text === "*" && field === null) return () => true;
  // A field that there is not finds nothing.
  if (field !== null && !(field in searched)) return () => false;
  const within = field === null ? fields : [field as RowField];
  const id = term.kind === "word" && isAll ? term.text : null;
  if (term.kind === "word") return anyOf(rows, snapshot, within, (name) => valuesWithAll(name, term.text), id);
  if (term.kind === "pattern") {
    const pattern = new RegExp(
      `^${term.text
        .toLowerCase()
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".")}$`,
      "u",
    );
    const matching = (name: RowField): ValueTest | null => {
      const kind = searched[name];
      if (kind === "whole") return null;
      return (text) =>
        [...(kind === "standard" ? standardWords(text) : namedWords(text))].some((word) => pattern.test(word));
    };
    return anyOf(rows, snapshot, within, matching, null);
  }
  const phrase = (name: RowField): ValueTest | { whole: string } => {
    const kind = searched[name];
    if (kind === "whole") return { whole: term.text };
    const inOrder = (text: string) =>
      ` ${(kind === "standard" ? standardWords(text) : askedWords(text.replace(/[,.]/g, " "))).join(" ")} `;
    const wanted = inOrder(term.text);
    return (text) => wanted.trim() !== "" && inOrder(text).includes(wanted);
  };
  return anyOf(rows, snapshot, within, phrase, null);
}
