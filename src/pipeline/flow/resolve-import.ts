import { everyCompany } from "../names/every.ts";
import type { StoredCompany } from "../window/window.ts";
import { type Engine, type StepResult, shortStep } from "./engine.ts";
import type { ResolvedWindows, ResolveSettings } from "./resolve.ts";

/** The first day that a file may have complaints of: before any. */
const firstDay = "1970-01-01";

/** Why a window is read that a file is loaded for. */
export const importWhy = "import";

/**
 * What a file of the user's is loaded for: all of its days, of the companies that are asked for, in one scope. Their names are those that are
 * remembered; the source is asked only where some are not.
 */
export async function resolveImport(
  engine: Engine,
  { file, companies, asOf }: ResolveSettings,
  states: readonly StoredCompany[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<ResolvedWindows> {
  const { path } = file!;
  const company = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const names = await namesOf(engine, companies, states, orEnd);
  const window = { from: firstDay, to: asOf };
  const cost = { requests: { search: 0, export: 0, document: 0 }, bytes: 0 };
  const scope = { id: company, company, names, window, strategy: "bulk" as const, expected: 0, cost };
  const planned = { company, names, window, why: importWhy, scopes: [scope] };
  return {
    schedule: {
      ...{ windows: [planned], lanes: { pages: 1, export: 1, bulk: 1 }, file: null },
      ...{ etaMs: 0, longestMs: 0, counts: 0, reason: "a file is imported" },
    },
    done: { loads: [], retryOf: null },
    warnings: [],
    index: null,
  };
}

async function namesOf(
  engine: Engine,
  companies: readonly string[],
  states: readonly StoredCompany[],
  orEnd: <T>(result: StepResult<T>) => T,
): Promise<string[]> {
  if (companies.includes(everyCompany)) return [];
  const known = states.filter(({ company }) => companies.includes(company));
  if (known.length === companies.length) return unique(known.flatMap(({ names }) => names));
  const input = {
    companies: [...companies],
    known: known.map(({ company, names }) => ({ company, names: [...names] })),
  };
  const resolved = orEnd(await engine.run("resolve_companies", null, input, shortStep));
  return unique(resolved.companies.flatMap(({ names }) => names));
}

const unique = (names: readonly string[]) => [...new Set(names)];
