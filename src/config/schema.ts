import { availableParallelism } from "node:os";
import * as z from "zod";
import { everyCompany } from "../pipeline/names/every.ts";
import { strategyChoices } from "../pipeline/scope/strategy.ts";
import { liveSource } from "../pipeline/source-identity.ts";
import { isDay } from "../pipeline/window/days.ts";
import { settingHelp } from "./help.ts";
import { defaultHome } from "./home.ts";
import { notifySchema } from "./notify.ts";

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

/** What every setting may be, and its default. */
export const schema = z.strictObject({
  startDate: day.default("2024-01-01"),
  companies: z
    .array(text.transform((name) => (name.toLowerCase() === everyCompany ? everyCompany : name)))
    .min(1, "expected at least one company")
    .refine((names) => names.length === 1 || !names.includes(everyCompany), "expected `all` by itself, or companies")
    .default(["jpmorgan", "bank of america"]),
  lookBackDays: z.int().min(0).max(36_500).default(60),
  strategy: z.enum(strategyChoices, `expected ${strategyChoices.join(", ")}`).default("auto"),
  home: text.default(defaultHome),
  database: text.optional(),
  source: text
    .refine((value) => value === "sample" || isWebAddress(value), "expected `sample` or an http(s) address")
    .transform((value) => (value === "sample" || value.includes("?") || value.endsWith("/") ? value : `${value}/`))
    .default(liveSource),
  bulkUrl: text.refine(isWebAddress, "expected an http(s) address").optional(),
  contact: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[\x20-\x7e]*$/, "expected plain ASCII text")
    .optional(),
  retries: z.int().min(0).max(20).default(3),
  retryDelaySeconds: seconds(0, 3600).default(60),
  requestTimeoutSeconds: seconds(1, 3600).default(120),
  extractTimeoutSeconds: seconds(1, 86_400).default(3600),
  dbtTimeoutSeconds: seconds(1, 86_400).default(1800),
  runTimeoutSeconds: seconds(1, 604_800).optional(),
  pageSize: z.int().min(1).max(10_000).default(10_000),
  rates: z
    .strictObject({
      searches: z.number().positive().max(100_000).default(20),
      exports: z.number().positive().max(100_000).default(2),
      documents: z.number().positive().max(100_000).default(5),
    })
    .prefault({}),
  sourceHealth: z
    .strictObject({
      onTrouble: z.enum(["warn", "hold"], "expected warn or hold").default("warn"),
      mostGone: z.number().min(0).max(1).default(0.05),
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

function isWebAddress(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value);
}
