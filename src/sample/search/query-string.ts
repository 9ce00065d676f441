/** One thing that a query string asks for. */
export type Clause = {
  occur: "must" | "should" | "not";
  /** Null: the default field. */
  field: string | null;
  term: { kind: "word" | "phrase" | "pattern"; text: string };
};

/**
 * Reads the part of Lucene's query syntax that people use: words, "phrases", patterns with * and ?, field:word, + - !, AND
 * OR NOT. Null where Lucene cannot read it: a lone slash, an open quote or bracket, an operator without a word.
 */
export function parseQueryString(text: string): Clause[] | null {
  const tokens = tokenize(text);
  if (tokens === null) return null;
  const clauses: Clause[] = [];
  let joined: "AND" | "OR" | null = null;
  let negated = false;
  let required = false;
  for (const token of tokens) {
    if (token.kind === "operator") {
      if (token.text === "NOT") negated = true;
      else if (token.text === "+") required = true;
      else if (clauses.length === 0) return null;
      else joined = token.text as "AND" | "OR";
      continue;
    }
    const { kind, field, text: word } = token;
    // AND makes both its sides required.
    const previous = clauses.at(-1);
    if (joined === "AND" && previous?.occur === "should") previous.occur = "must";
    const occur = negated ? "not" : required || joined === "AND" ? "must" : "should";
    clauses.push({ occur, field, term: { kind, text: word } });
    joined = null;
    negated = false;
    required = false;
  }
  return joined === null && !negated && !required ? clauses : null;
}

type Token =
  | { kind: "operator"; text: "AND" | "OR" | "NOT" | "+" }
  | { kind: "word" | "phrase" | "pattern"; field: string | null; text: string };

function tokenize(text: string): Token[] | null {
  const tokens: Token[] = [];
  const next =
    /\s*(?:(&&|\|\||AND\b|OR\b|NOT\b)(?=\s|$)|([+\-!])(?=\S)|(?:(\w+):)?(?:"((?:[^"\\]|\\.)*)"|([^\s"/[\](){}:^~!]+(?:[!~^][^\s"/[\](){}:]*)?)))/y;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    next.lastIndex = at;
    const match = next.exec(text);
    if (match === null) return null;
    const [, operator, sign, field = null, phrase, word] = match;
    at = next.lastIndex;
    if (operator !== undefined) tokens.push({ kind: "operator", text: operatorOf(operator) });
    else if (sign !== undefined) tokens.push({ kind: "operator", text: sign === "+" ? "+" : "NOT" });
    else if (phrase !== undefined) tokens.push({ kind: "phrase", field, text: phrase });
    else {
      // Nothing may follow an exclamation mark but a word.
      if (/!$/.test(word!)) return null;
      tokens.push({ kind: /[*?]/.test(word!) ? "pattern" : "word", field, text: word! });
    }
  }
  return tokens;
}

function operatorOf(text: string): "AND" | "OR" | "NOT" {
  if (text === "&&" || text === "AND") return "AND";
  return text === "||" || text === "OR" ? "OR" : "NOT";
}
