/** Words that the index leaves out (Lucene's English stop words). */
const stopWords = new Set(
  "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split(
    " ",
  ),
);

/**
 * The words under which a name or a text is found: split at white space, each whole, in its parts (at symbols, case changes
 * and digits) and joined; possessive 's dropped, lower case, without stop words, stemmed.
 */
export function namedWords(text: string): Set<string> {
  const words = new Set<string>();
  for (const token of text.split(/[\t\n\r\f ]+/)) {
    const plain = token.replace(/['’]s\b/giu, "");
    const parts = plain.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{M}]+|\p{N}+/gu) ?? [];
    for (const word of [token, ...parts, parts.join("")]) add(words, word);
  }
  return words;
}

function add(words: Set<string>, word: string): void {
  const lower = word.toLowerCase();
  if (lower !== "" && !stopWords.has(lower)) words.add(stem(lower));
}

/** The words of a question about names and texts: white space, lower case, stop words, stem; no parts. */
export function askedWords(text: string): string[] {
  const words = new Set<string>();
  for (const word of text.split(/\s+/)) add(words, word);
  return [...words];
}

/** Words of products and issues: lower case, without symbols, neither stemmed nor stopped. */
export function standardWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu) ?? [];
}

/** Plurals only: of what the index's stemmer (kstem) does, what changes company names. */
function stem(word: string): string {
  if (!/^[a-z]+$/.test(word)) return word;
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !/(ss|us|is)$/.test(word)) return word.slice(0, -1);
  return word;
}
