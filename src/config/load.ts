import { join, resolve } from "node:path";
import type * as z from "zod";
import { liveBulkFile, sourceIdentity } from "../pipeline/source-identity.ts";
import { PipelineError } from "../run/errors.ts";
import { defaultCacheDir } from "./cache-dir.ts";
import type { Config } from "./config.ts";
import { readEnvironment } from "./environment.ts";
import { isObject, readConfigFile } from "./file.ts";
import { ownHome } from "./home.ts";
import { inEnvironment, invalidSetting, onCommandLine } from "./problems.ts";
import { type Settings, schema } from "./schema.ts";
import { version } from "./version.ts";

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
  if (!parsed.success) throw invalidSetting(parsed.error, merged, originOf);
  const standing =
    flags.companies === undefined ? parsed : schema.safeParse({ ...merged, companies: configuredOf(origins) });
  const { companies } = standing.success ? standing.data : parsed.data;
  return { config: finish(parsed.data, companies, today), warnings: [...fromFile.warnings, ...environment.warnings] };
}

/** The companies without those of the command line, the last of the origins. */
function configuredOf(origins: readonly [string, Record<string, unknown>][]): unknown {
  return origins.slice(0, -1).findLast(([, settings]) => settings.companies !== undefined)?.[1].companies;
}

function finish(settings: z.output<typeof schema>, configuredCompanies: readonly string[], today: string): Config {
  const { home, database, bulkUrl, contact, runTimeoutSeconds, dbt, cacheDir, asOf, startDate, ...rest } = settings;
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
    configuredCompanies,
    home: kept,
    database: database === undefined ? join(kept, "cfpb_complaints.duckdb") : resolve(database),
    bulkUrl: bulkUrl ?? (sourceIdentity(settings.source) === "live" ? liveBulkFile : null),
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
    message: `The ${what} ${day} is after today (${today} in UTC).`,
    data: "Nothing was read or changed.",
    next: isStart
      ? "Give an earlier --start-date, or change startDate in pipeline.yaml."
      : "Give an earlier --as-of, or none.",
  });
}

function asOfTooEarly(asOf: string, startDate: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    message: `The as-of day ${asOf} is before the start date ${startDate}: no day is left to load.`,
    data: "Nothing was read or changed.",
    next: "Give a later --as-of, or an earlier --start-date.",
  });
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
