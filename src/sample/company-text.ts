import type { Words } from "./words.ts";

/** Words that the index leaves out (Lucene's English stop words). */
const stopWords = new Set(
  "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split(
    " ",
  ),
);

/** A search with one of these is a query string: its words are joined by OR. */
const queryString = /[^A-Za-z0-9\s]|AND|OR|NOT|TO/;

/** Companies whose name a `search_term` with `field=company` matches. Null: the index cannot read the term (424). */
export function matchCompanies(term: string, companies: Words): Set<number> | null {
  const isQuery = queryString.test(term);
  if (isQuery && unreadable(term)) return null;
  const asked = analyzeQuery(isQuery ? term.replace(/\b(AND|OR|NOT|TO)\b/g, " ") : term);
  const found = new Set<number>();
  for (let code = 1; code < companies.size; code++) {
    const indexed = analyzeName(companies.text(code) ?? "");
    const matches = isQuery
      ? asked.some((word) => indexed.has(word))
      : asked.length > 0 && asked.every((word) => indexed.has(word));
    if (matches) found.add(code);
  }
  return found;
}

/** A lone slash, an open quote or bracket, a `!` at the end. */
function unreadable(term: string): boolean {
  const count = (symbol: string) => term.split(symbol).length - 1;
  return (
    count("/") % 2 === 1 ||
    count('"') % 2 === 1 ||
    count("(") !== count(")") ||
    count("[") !== count("]") ||
    /!\s*$/.test(term)
  );
}

function analyzeQuery(text: string): string[] {
  return text
    .split(/\s+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== "" && !stopWords.has(word))
    .map(stem);
}

/** The words of a name: split at white space, each whole, in its parts (at symbols, case changes and digits) and joined. */
function analyzeName(name: string): Set<string> {
  const words = new Set<string>();
  for (const token of name.split(/\s+/)) {
    const parts = token.replace(/['’]s$/i, "").match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+/gu) ?? [];
    for (const word of [token, ...parts, parts.join("")]) {
      const lower = word.toLowerCase();
      if (lower !== "" && !stopWords.has(lower)) words.add(stem(lower));
    }
  }
  return words;
}

/** Plurals only: of what the index's stemmer (kstem) does, what changes company names. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 3 && word.endsWith("s") && !/(ss|us|is)$/.test(word)) return word.slice(0, -1);
  return word;
}
