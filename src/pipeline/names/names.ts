import type { ErrorFacts } from "../../run/errors.ts";
import type { CompanyName, NameNote } from "../../run/name-notes.ts";
import { plural } from "../report/format.ts";

/** Lower-case words of a name or a text: letters and digits of any script, accents removed. */
function wordsOf(text: string): string[] {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** The names a text means: the ones that equal it, whatever their case; otherwise all that hold every word of it. */
export function matchNames(text: string, names: readonly CompanyName[]): CompanyName[] {
  const exact = names.filter(({ name }) => isEqualName(name, text));
  return exact.length > 0 ? exact : namesHolding(text, names);
}

/** Whether a name is the text itself, whatever the case. */
export function isEqualName(name: string, text: string): boolean {
  return name.trim().toLowerCase() === text.trim().toLowerCase();
}

/** The names that hold every word of a text. */
export function namesHolding(text: string, names: readonly CompanyName[]): CompanyName[] {
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
  notes: NameNote[];
};

/** Names that the source had for one text, and what is worth suggesting. */
export type Candidates = {
  company: string;
  /** What {@link matchNames} chose. */
  matches: CompanyName[];
  /** All names that hold every word of the text; null where the source's list was capped and was not asked for more. */
  holding: CompanyName[] | null;
  suggestions: CompanyName[];
};

/**
 * The names of every text, or the first reason why the run cannot start. `known` are the names recorded by earlier runs: they stay among
 * those asked for until somebody takes them out, by `state reset`, by another text, or by a text that equals one of them.
 */
export function resolveNames(
  candidates: readonly Candidates[],
  known: ReadonlyMap<string, readonly string[]>,
): { companies: ResolvedCompany[] } | { error: ErrorFacts } {
  const companies: ResolvedCompany[] = [];
  const owners = new Map<string, string>();
  for (const candidate of candidates) {
    const { company, matches, suggestions } = candidate;
    const others = candidates.filter((other) => other.company !== company);
    const moved: NameNote[] = [];
    const recorded = (known.get(company) ?? []).filter((name) => {
      const to = isEqualName(name, company) ? undefined : others.find((other) => isEqualName(name, other.company));
      if (to !== undefined) moved.push({ kind: "moved", name, to: to.company });
      return to === undefined;
    });
    if (matches.length === 0 && recorded.length === 0) return { error: notFound(company, suggestions) };
    const { names, notes } = recorded.length === 0 ? { names: namesOf(matches), notes: [] } : keep(candidate, recorded);
    for (const name of names) {
      const owner = owners.get(name);
      if (owner !== undefined) return { error: ambiguous(owner, company, name) };
      owners.set(name, company);
    }
    companies.push({ company, names: names.sort(), notes: [...notes, ...moved] });
  }
  return { companies };
}

/** The names of a text that names are recorded for: these, and what it means today. A text that has meant one name does not widen. */
function keep(
  { company, matches, holding }: Candidates,
  recorded: readonly string[],
): Pick<ResolvedCompany, "names" | "notes"> {
  const notes: NameNote[] = [];
  const equal = matches.find(({ name }) => isEqualName(name, company));
  const gone = equal === undefined ? recorded.find((name) => isEqualName(name, company)) : undefined;
  const isNew = ({ name }: CompanyName) => !recorded.includes(name);
  const taken = gone === undefined ? matches : [];
  if (gone !== undefined && matches.some(isNew))
    notes.push({ kind: "equal_gone", name: gone, others: matches.filter(isNew) });
  const there = holding === null ? null : new Set(namesOf([...matches, ...holding]));
  const vanished = there === null ? [] : recorded.filter((name) => !there.has(name));
  if (vanished.length > 0) notes.push({ kind: "vanished", names: vanished, all: matches.length === 0 });
  const kept = recorded.filter((name) => !isEqualName(name, company));
  if (equal !== undefined && kept.length > 0) notes.push({ kind: "equal", name: equal, kept });
  else if (taken.some(isNew)) notes.push({ kind: "added", names: taken.filter(isNew) });
  return { names: [...new Set([...namesOf(taken), ...recorded])], notes };
}

const namesOf = (names: readonly CompanyName[]) => names.map(({ name }) => name);

/** What a note says, for people. */
export function noteText(company: string, note: NameNote): string {
  const counted = (names: readonly CompanyName[]) =>
    names.map(({ name, count }) => `${name} (${plural(count, "complaint")})`).join(", ");
  switch (note.kind) {
    case "vanished": {
      const names = note.names.join(", ");
      return note.all
        ? `"${company}" matches nothing at the source any more; going on with ${names}`
        : `the source does not have ${names} of "${company}" any more; it is still asked for`;
    }
    case "added":
      return `"${company}" now also means ${counted(note.names)}`;
    case "equal":
      return (
        `"${company}" now equals the name "${note.name.name}" (${plural(note.name.count, "complaint")}) and still means ` +
        `${note.kept.join(" and ")}, which were loaded under it: write the exact names you mean in companies`
      );
    case "equal_gone":
      return (
        `the source does not have the name "${note.name}" any more; "${company}" still means it alone, and not ${counted(note.others)}: ` +
        `write the exact names you mean in companies`
      );
    case "moved":
      return `${note.name} is loaded as "${note.to}" from now on, which equals it, and no longer as "${company}"`;
  }
}

function notFound(company: string, suggestions: readonly CompanyName[]): ErrorFacts {
  const nearest = suggestions.map(({ name, count }) => `"${name}" (${count.toLocaleString("en-US")})`).join(", ");
  return {
    code: "company_not_found",
    message: `No company at the source matches "${company}".${nearest === "" ? "" : ` Nearest names: ${nearest}.`}`,
    data: "Nothing was read or changed.",
    next: "Change the name in --companies or in pipeline.yaml (companies); words of the name are enough.",
  };
}

function ambiguous(first: string, second: string, name: string): ErrorFacts {
  const who = first === second ? `"${first}" is given twice` : `"${first}" and "${second}" both mean "${name}"`;
  return {
    code: "company_ambiguous",
    message: `Two companies of the configuration are the same: ${who}.`,
    data: "Nothing was read or changed.",
    next: "Keep one of them, or write the exact names in --companies or in pipeline.yaml (companies).",
  };
}

/** Why a name cannot be requested exactly; null if it can. The source trims white space at both ends. */
export function whyUnqueryable(name: string): string | null {
  return name === name.trim() ? null : "it begins or ends with white space, which the source cuts off in a question";
}
