import * as z from "zod";
import { nearestWord } from "../pipeline/names/spelling.ts";
import { parseCompanies } from "./companies.ts";
import { schema } from "./schema.ts";

/** Keys as `PIPELINE_` variables: `PIPELINE_START_DATE`, `PIPELINE_DUCKDB_MEMORY_LIMIT`. */
const variables = new Map(
  Object.entries(schema.shape).flatMap(([key, field]): [string, string[]][] => {
    // Its parts have parts: a file is the place for them; secrets stand in the environment all the same.
    if (key === "notify") return [];
    const inner = field instanceof z.ZodPrefault ? field.unwrap() : field;
    if (inner instanceof z.ZodObject) {
      return Object.keys(inner.shape).map((part) => [variableOf(`${key}_${part}`), [key, part]]);
    }
    return [[variableOf(key), [key]]];
  }),
);

export function variableOf(key: string): string {
  return `PIPELINE_${key.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase()}`;
}

const textKeys = new Set([
  "startDate",
  "asOf",
  "home",
  "database",
  "source",
  "contact",
  "dbt",
  "cacheDir",
  "memoryLimit",
]);

/** The settings of the `PIPELINE_` variables, and a warning for each variable that is not a setting. */
export function readEnvironment(env: NodeJS.ProcessEnv): { settings: Record<string, unknown>; warnings: string[] } {
  const settings: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("PIPELINE_") || value === undefined || value === "") continue;
    const path = variables.get(name);
    if (path === undefined) {
      const nearest = nearestWord(name, [...variables.keys()]);
      warnings.push(
        `${name} is no known setting and was ignored.${nearest === null ? "" : ` Did you mean ${nearest}?`}`,
      );
      continue;
    }
    const [key = "", part] = path;
    const read = readText(part ?? key, value, name);
    settings[key] = part === undefined ? read : { ...(settings[key] as object), [part]: read };
  }
  return { settings, warnings };
}

function readText(key: string, value: string, name: string): unknown {
  if (key === "companies") return parseCompanies(value, name);
  if (textKeys.has(key)) return value;
  return /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
}
