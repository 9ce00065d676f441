import { availableParallelism, homedir, platform } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { secondsInDay, secondsInHour, secondsInWeek } from "date-fns/constants";
import * as z from "zod";
import { isDay } from "../pipeline/days.ts";
import { parseNameList } from "../pipeline/name-list.ts";
import { liveSource } from "../pipeline/source-identity.ts";
import { nearestWord } from "../pipeline/spelling.ts";
import { PipelineError } from "../run/errors.ts";
import { isObject, readConfigFile } from "./file.ts";
import { settingHelp } from "./help.ts";
import { defaultHome, ownHome } from "./home.ts";
import { notifySchema } from "./notify.ts";
import { version } from "./version.ts";

const day = z.string().refine(isDay, "expected a day such as 2024-01-01");
const seconds = (least: number, most: number) => z.number().min(least).max(most);
const text = z.string().trim().min(1, "expected a text");
/** The least with which the embedded source loads from its first day: below, DuckDB stops at a row group or a page. */
const leastMemory = 128e6;
const mostMemory = 1e15;
const units: Record<string, number> = { MB: 1e6, GB: 1e9, MIB: 2 ** 20, GIB: 2 ** 30 };
const size = z
  .string()
  .regex(/^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$/i, { error: "expected a size such as 512MB or 2GB", abort: true })
  .refine((value) => bytesOf(value) >= leastMemory, "expected at least 128MB")
  .refine((value) => bytesOf(value) <= mostMemory, "expected at most 1000000GB");

function bytesOf(value: string): number {
  const unit = /[a-z]+$/i.exec(value)?.[0] ?? "";
  return Number.parseFloat(value) * (units[unit.toUpperCase()] ?? Number.NaN);
}

const schema = z.strictObject({
  startDate: day.default("2024-01-01"),
  companies: z.array(text).min(1, "expected at least one company").default(["jpmorgan", "bank of america"]),
  lookBackDays: z.int().min(0).max(36_500).default(60),
  home: text.default(defaultHome),
  database: text.optional(),
  source: text
    .refine((value) => value === "sample" || isWebAddress(value), "expected `sample` or an http(s) address")
    .transform((value) => (value === "sample" || value.includes("?") || value.endsWith("/") ? value : `${value}/`))
    .default(liveSource),
  contact: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[\x20-\x7e]*$/, "expected plain ASCII text")
    .optional(),
  retries: z.int().min(0).max(20).default(3),
  retryDelaySeconds: seconds(0, secondsInHour).default(60),
  requestTimeoutSeconds: seconds(1, secondsInHour).default(120),
  extractTimeoutSeconds: seconds(1, secondsInDay).default(3600),
  dbtTimeoutSeconds: seconds(1, secondsInDay).default(1800),
  runTimeoutSeconds: seconds(1, secondsInWeek).optional(),
  pageSize: z.int().min(1).max(10_000).default(10_000),
  rates: z
    .strictObject({
      searches: z.number().positive().max(100_000).default(20),
      exports: z.number().positive().max(100_000).default(2),
      documents: z.number().positive().max(100_000).default(5),
    })
    .prefault({}),
  duckdb: z
    .strictObject({
      memoryLimit: size.default("512MB"),
      threads: z.int().min(1).max(256).default(Math.min(availableParallelism(), 4)),
    })
    .prefault({}),
  dbt: text.optional(),
  notify: notifySchema.prefault({}),
  cacheDir: text.optional(),
  asOf: day.optional(),
});

/** The JSON Schema of the configuration file, for editors. */
export function configSchema(): object {
  const made = z.toJSONSchema(schema, { io: "input" }) as { properties: Record<string, object> };
  const described = Object.entries(made.properties).map(([key, property]) => [
    key,
    { description: settingHelp[key], ...property },
  ]);
  return { ...made, title: "Settings of pipeline", properties: Object.fromEntries(described) };
}

/** The value of each setting where nothing is given; undefined where it is then left out. */
export function defaultSettings(): Record<string, unknown> {
  return schema.parse({});
}

export type Settings = z.input<typeof schema>;

/** Everything a command needs to know, checked; paths are absolute. */
export type Config = Readonly<
  Omit<z.output<typeof schema>, "home" | "database" | "contact" | "runTimeoutSeconds" | "dbt" | "cacheDir" | "asOf"> & {
    /** Of the source's own: `<home>/sample` for the sample source, which shares nothing with the real one. */
    home: string;
    database: string;
    contact: string | null;
    runTimeoutSeconds: number | null;
    dbt: string | null;
    cacheDir: string;
    /** The companies of a run whose command line names none. */
    standingCompanies: readonly string[];
    /** Today in UTC unless given. */
    asOf: string;
    /** Of this program. */
    version: string;
    /** The variables for child processes. */
    env: Readonly<Record<string, string>>;
  }
>;

export type Loaded = { config: Config; warnings: string[] };

/**
 * Flags over environment over file over defaults. `file` is the given `--config`, or undefined for the `pipeline.yaml` of the home, or of
 * the current folder, where there is one. `today` is the UTC day. Throws `config_invalid` naming the key and where it stands.
 */
export function loadConfig(flags: Partial<Settings>, file: string | undefined, today: string): Loaded {
  const environment = readEnvironment(process.env);
  const home = flags.home ?? process.env.PIPELINE_HOME;
  const fromFile = readConfigFile(file, home);
  const origins: [origin: string, settings: Record<string, unknown>][] = [
    [fromFile.path, fromFile.settings],
    [inEnvironment, environment.settings],
    [onCommandLine, flags],
  ];
  const merged: Record<string, unknown> = {};
  const originOf = new Map<string, string>();
  for (const [origin, settings] of origins) {
    for (const [key, value] of Object.entries(settings)) {
      if (value === undefined) continue;
      const isPart = isObject(value) && isObject(merged[key]);
      merged[key] = isPart ? { ...(merged[key] as object), ...value } : value;
      originOf.set(key, origin);
    }
  }
  const parsed = schema.safeParse(merged);
  if (!parsed.success) throw invalid(parsed.error, merged, originOf);
  const standing =
    flags.companies === undefined ? parsed : schema.safeParse({ ...merged, companies: standingOf(origins) });
  const { companies } = standing.success ? standing.data : parsed.data;
  return { config: finish(parsed.data, companies, today), warnings: [...fromFile.warnings, ...environment.warnings] };
}

const inEnvironment = "the environment";
const onCommandLine = "the command line";

/** The companies without those of the command line, the last of the origins. */
function standingOf(origins: readonly [string, Record<string, unknown>][]): unknown {
  return origins.slice(0, -1).findLast(([, settings]) => settings.companies !== undefined)?.[1].companies;
}

function finish(settings: z.output<typeof schema>, standingCompanies: readonly string[], today: string): Config {
  const { home, database, contact, runTimeoutSeconds, dbt, cacheDir, asOf, startDate, ...rest } = settings;
  const isSample = settings.source === "sample";
  const kept = ownHome(home, settings.source);
  const last = asOf ?? today;
  if (!isSample && last > today) throw inFuture("as_of_in_future", "as-of day", last, today);
  if (startDate > last)
    throw asOf === undefined
      ? inFuture("start_date_in_future", "start date", startDate, last)
      : asOfTooEarly(asOf, startDate);
  return Object.freeze({
    ...rest,
    startDate,
    standingCompanies,
    home: kept,
    database: database === undefined ? join(kept, "cfpb_complaints.duckdb") : resolve(database),
    contact: contact ?? null,
    runTimeoutSeconds: runTimeoutSeconds ?? null,
    dbt: dbt ?? null,
    cacheDir: resolve(cacheDir ?? defaultCacheDir(home)),
    asOf: last,
    version: version(),
    env: Object.freeze(definedOnly(process.env)),
  });
}

function inFuture(code: "as_of_in_future" | "start_date_in_future", what: string, day: string, today: string) {
  const isStart = code === "start_date_in_future";
  return new PipelineError({
    code,
    what: `The ${what} ${day} is after today (${today} in UTC).`,
    data: "Nothing was read or changed.",
    next: isStart
      ? "Give an earlier --start-date, or change startDate in pipeline.yaml."
      : "Give an earlier --as-of, or none.",
  });
}

function asOfTooEarly(asOf: string, startDate: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    what: `The as-of day ${asOf} is before the start date ${startDate}: no day is left to load.`,
    data: "Nothing was read or changed.",
    next: "Give a later --as-of, or an earlier --start-date.",
  });
}

/**
 * Where things are kept that can be made again: `XDG_CACHE_HOME`, or the usual place in the user's home directory. A user
 * without one has them in the home of the pipeline.
 */
function defaultCacheDir(home: string): string {
  const { XDG_CACHE_HOME = "" } = process.env;
  // The XDG Base Directory Specification has relative paths ignored.
  if (isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "cfpb-pipeline");
  const user = homeOfUser();
  if (user === null) return join(resolve(home), "cache");
  return join(user, ...(platform() === "darwin" ? ["Library", "Caches"] : [".cache"]), "cfpb-pipeline");
}

/** Null where the system knows of none: containers run as users of their own. */
function homeOfUser(): string | null {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : null;
  } catch {
    return null; // no HOME, and no entry in the list of users
  }
}

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

function variableOf(key: string): string {
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

function readEnvironment(env: NodeJS.ProcessEnv): { settings: Record<string, unknown>; warnings: string[] } {
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
  if (key === "companies") {
    const names = parseNameList(value);
    if (names === null) throw malformedList(name, value);
    return names;
  }
  if (textKeys.has(key)) return value;
  return /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
}

export function malformedList(where: string, value: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    what: `${where} is not a list of companies: ${value}`,
    data: "Nothing was read or changed.",
    next: 'Separate names by commas; put a name that holds a comma in double quotes: jpmorgan,"EQUIFAX, INC."',
  });
}

function invalid(
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
    what: `${describeIssue(issue, key, merged, nameIn(where, key))}${where === onCommandLine ? "" : ` (in ${where})`}.`,
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
  ...{ startDate: "--start-date", asOf: "--as-of", lookBackDays: "--look-back", companies: "--companies" },
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

function isWebAddress(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value);
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
