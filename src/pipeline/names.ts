import type { ErrorFacts } from "./errors.ts";

/** A company name as the source writes it, with its number of complaints. */
export type CompanyName = { name: string; count: number };

/** Lower-case words of a name or a text: letters and digits of any script, accents removed. */
export function wordsOf(text: string): string[] {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** The names a text means: the ones that equal it, whatever their case; otherwise all that hold every word of it. */
export function matchNames(text: string, names: readonly CompanyName[]): CompanyName[] {
  const wanted = text.trim().toLowerCase();
  const exact = names.filter(({ name }) => name.trim().toLowerCase() === wanted);
  if (exact.length > 0) return exact;
  const words = wordsOf(text);
  if (words.length === 0) return [];
  return names.filter(({ name }) => {
    const present = new Set(wordsOf(name));
    return words.every((word) => present.has(word));
  });
}

/** The names that look most like a text that matched nothing, best first. */
export function nearestNames(text: string, names: readonly CompanyName[], limit = 5): CompanyName[] {
  const wanted = pairsOf(text);
  return names
    .map((candidate) => ({ candidate, score: likeness(wanted, pairsOf(candidate.name)) }))
    .filter(({ score }) => score > 0.2)
    .sort((a, b) => b.score - a.score || b.candidate.count - a.candidate.count)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function pairsOf(text: string): Set<string> {
  const letters = wordsOf(text).join(" ");
  return new Set(Array.from({ length: Math.max(letters.length - 1, 0) }, (_, i) => letters.slice(i, i + 2)));
}

/** Share of the text's letter pairs that the name has (most of the weight), and the other way round. */
function likeness(wanted: Set<string>, found: Set<string>): number {
  if (wanted.size === 0 || found.size === 0) return 0;
  const shared = wanted.intersection(found).size;
  return (0.8 * shared) / wanted.size + (0.2 * shared) / found.size;
}

/**
 * The text to send as `search_term`: plain lower-case words, since a symbol or an operator would turn the source's
 * search into one for any of the words. At most 200 characters, the source's limit. Words with other letters are left out:
 * fewer words only widen the answer.
 */
export function searchTermOf(text: string): string {
  let term = "";
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    if (!/^[a-z0-9]+$/.test(word)) continue;
    if (term.length + word.length + 1 > 200) break;
    term = term === "" ? word : `${term} ${word}`;
  }
  return term;
}

/** A configured company with the exact names it means today. */
export type ResolvedCompany = {
  /** The configured text. */
  company: string;
  names: string[];
  /** True: nothing matches now, and the names are those of an earlier run. */
  vanished: boolean;
};

/** Names that the source had for one text: what {@link matchNames} chose from, and what is worth suggesting. */
export type Candidates = { company: string; matches: CompanyName[]; suggestions: CompanyName[] };

/**
 * The names of every text, or the first reason why the run cannot start. `known` are the names recorded by earlier runs.
 */
export function resolveNames(
  candidates: readonly Candidates[],
  known: ReadonlyMap<string, readonly string[]>,
): { companies: ResolvedCompany[] } | { error: ErrorFacts } {
  const companies: ResolvedCompany[] = [];
  const owners = new Map<string, string>();
  for (const { company, matches, suggestions } of candidates) {
    const recorded = known.get(company) ?? [];
    if (matches.length === 0 && recorded.length === 0) return { error: notFound(company, suggestions) };
    const names = matches.length > 0 ? matches.map(({ name }) => name).sort() : [...recorded];
    for (const name of names) {
      const owner = owners.get(name);
      if (owner !== undefined) return { error: ambiguous(owner, company, name) };
      owners.set(name, company);
    }
    companies.push({ company, names, vanished: matches.length === 0 });
  }
  return { companies };
}

function notFound(company: string, suggestions: readonly CompanyName[]): ErrorFacts {
  const nearest = suggestions.map(({ name, count }) => `"${name}" (${count.toLocaleString("en-US")})`).join(", ");
  return {
    code: "company_not_found",
    what: `No company at the source matches "${company}".${nearest === "" ? "" : ` Nearest names: ${nearest}.`}`,
    data: "Nothing was read or changed.",
    next: "Correct the name in --companies or in pipeline.yaml (companies); words of the name are enough.",
  };
}

function ambiguous(first: string, second: string, name: string): ErrorFacts {
  const who = first === second ? `"${first}" is given twice` : `"${first}" and "${second}" both mean "${name}"`;
  return {
    code: "company_ambiguous",
    what: `Two companies of the configuration are the same: ${who}.`,
    data: "Nothing was read or changed.",
    next: "Keep one of them, or write the exact names in --companies or in pipeline.yaml (companies).",
  };
}

/** Why a name cannot be asked for exactly, null where it can: the source cuts off white space at both ends. */
export function unaskable(name: string): string | null {
  return name === name.trim() ? null : "it begins or ends with white space, which the source cuts off in a question";
}
