import * as z from "zod";
import { nearestWord } from "../pipeline/names/spelling.ts";
import { PipelineError } from "../run/errors.ts";
import { variableOf } from "./environment.ts";
import { schema } from "./schema.ts";

/** Where a setting stands, other than in a file. */
export const inEnvironment = "the environment";
export const onCommandLine = "the command line";

/** The first thing that is wrong with the settings, with the name that the setting has where it stands. */
export function invalidSetting(
  error: z.ZodError,
  merged: Record<string, unknown>,
  originOf: ReadonlyMap<string, string>,
): PipelineError {
  const issue = error.issues[0]!;
  const key = issue.path.join(".");
  const [first] = issue.path;
  const where =
    originOf.get(String(first ?? (issue.code === "unrecognized_keys" ? issue.keys[0] : ""))) ?? "the configuration";
  return new PipelineError({
    code: "config_invalid",
    message: `${describeIssue(issue, key, merged, nameIn(where, key))}${where === onCommandLine ? "" : ` (in ${where})`}.`,
    data: "Nothing was read or changed.",
    next: helpIn(where, key),
  });
}

/** What a setting is called where it was given. */
function nameIn(where: string, key: string): string {
  if (where === onCommandLine) return flags[key.replace(/\..*$/, "")] ?? key;
  return where === inEnvironment ? variableOf(key.replaceAll(".", "_")) : key;
}

/** The options of the command line that are settings. */
const flags: Partial<Record<string, string>> = {
  ...{
    startDate: "--start-date",
    asOf: "--as-of",
    lookBackDays: "--look-back",
    strategy: "--strategy",
    companies: "--companies",
  },
  ...{ home: "--home", database: "--database", source: "--source" },
};

function helpIn(where: string, key: string): string {
  if (where === onCommandLine) return `Give another value, or leave ${nameIn(where, key)} out.`;
  if (where === inEnvironment) return `Set ${nameIn(where, key)} to another value, or unset it.`;
  return `Edit ${where}; a file with every setting: pipeline init --config NEW.yaml`;
}

function describeIssue(issue: z.core.$ZodIssue, key: string, merged: Record<string, unknown>, written: string): string {
  if (issue.code === "unrecognized_keys") {
    const inner = schema.shape[key as keyof typeof schema.shape];
    const object = inner instanceof z.ZodPrefault ? inner.unwrap() : schema;
    const known = object instanceof z.ZodObject ? Object.keys(object.shape) : [];
    const name = issue.keys[0]!;
    const nearest = nearestWord(name, known);
    const full = (last: string) => `\`${key === "" ? last : `${key}.${last}`}\``;
    return `Unknown key ${full(name)}${nearest === null ? "" : `; did you mean ${full(nearest)}?`}`;
  }
  const value = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    merged,
  );
  // What stands where a secret belongs may be one.
  const shown = issue.path[0] === "notify" ? "" : ` is ${typeof value === "number" ? value : JSON.stringify(value)}`;
  return `\`${written}\`${shown}: ${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small" && issue.origin !== "array" && issue.origin !== "string")
    return `expected ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
  if (issue.code === "too_big" && issue.origin !== "array" && issue.origin !== "string")
    return `expected at most ${issue.maximum}`;
  if (issue.code === "invalid_type") return `expected ${typeWords[issue.expected] ?? `a ${issue.expected}`}`;
  return issue.message;
}

const typeWords: Record<string, string> = {
  int: "a whole number",
  array: "a list",
  object: "keys with values",
  string: "a text",
};
