import type { DuckDBConnection } from "@duckdb/node-api";
import {
  companyResponses,
  complaints,
  type Field,
  fields,
  mutableFields,
  times,
} from "../../pipeline/dataset/complaints.ts";
import { namesText } from "../../pipeline/names/every.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { PipelineError } from "../../run/errors.ts";
import { type Days, isIn } from "../load/scope-sql.ts";
import { bitOf } from "./keys.ts";
import { type StagedFile, stagingSql } from "./staging-sql.ts";

const { key, cursor } = complaints;

/** What was staged. */
export type Staged = {
  /** What the staged rows are selected from, in SQL. Each has another id. */
  from: string;
  rows: number;
  /** Records of closed files; null where there are none. */
  records: number | null;
  /** Rows of a closed file that are of other companies or days. */
  outside: number;
  /** Rows that came with an id of another one of them. */
  repeated: number;
  /** What the rejected rows are selected from: `reason`, `complaint_id` and `_raw`, the row as it came. */
  rejectedFrom: string;
  rejected: number;
  /** Rejected rows without an id. */
  unidentified: number;
  /** How many rows lack each field, fields that no row lacks left out. */
  missing: { field: Field; rows: number }[];
  /** Fields that may change and are null in every row that has them. */
  empty: Field[];
  /** Keys that are no field; they are kept in `_extra`. */
  unknown: string[];
  /** Answers of companies that are none of the known ones. */
  responses: string[];
  /** How exact the times are: with fractions of seconds in every row, in none, or in some. */
  times: "exact" | "coarse" | "mixed";
};

/** Parses a landed file into a Parquet file: rows that wait for their merge are not held in memory. */
export async function stageFile(connection: DuckDBConnection, file: StagedFile): Promise<void> {
  await connection.run(stagingSql(file, "where needed"));
}

/**
 * Makes of staged files the rows of a load: those without an id or a readable date, or with a key twice, are rejected, and ids become
 * unique. `records`: how many there are in closed files. Throws `source_ignored_filter` when a row is of another company or day than was asked for.
 */
export async function endStaging(
  connection: DuckDBConnection,
  staged: readonly StagedFile[],
  scope: Days,
  records: number | null,
): Promise<Staged> {
  const files = `[${staged.map(({ path }) => sqlLiteral(path)).join(", ")}]`;
  const isCut = staged.some((file) => file.scope !== null);
  const outside = isCut ? await countOutside(connection, files) : 0;
  const all = isCut ? `(from read_parquet(${files}) where not _outside)` : `read_parquet(${files})`;
  let from = `(select * from ${all} where _reason is null)`;
  let found = await lookThrough(connection, scope, all);
  if (found.textless > 0 || found.odd > 0) {
    for (const file of staged) await addTexts(connection, file);
    found = await lookThrough(connection, scope, all);
  }
  const { rejected, unidentified } = found;
  const repeated = found.rows - found.ids;
  if (repeated > 0) {
    // A row that two files have counts once, as the later file has it.
    await connection.run(`
      create temp table once as
      select * from read_parquet(${files}, filename = true, file_row_number = true) where _reason is null and not _outside
      qualify row_number() over (partition by ${key} order by filename desc, file_row_number desc) = 1`);
    from = "once";
    found = await lookThrough(connection, scope, from);
  }
  if (found.strangers > 0) throw await filterIgnored(connection, scope, from);
  return {
    from,
    rows: found.rows,
    records,
    outside,
    repeated,
    rejectedFrom: `(select _reason as reason, ${key}, _raw from ${all} where _reason is not null)`,
    rejected,
    unidentified,
    missing: await missingFields(connection, from, found),
    empty:
      found.rows === 0 ? [] : mutableFields.filter((field) => found.empty & ~found.missing.everywhere & bitOf(field)),
    unknown: found.extra === 0 ? [] : await unknownKeys(connection, from),
    responses: found.strange === 0 ? [] : await strangeResponses(connection, from),
    times: found.times,
  };
}

/** Stages a file again whose values have to be looked at one by one, or where the text of a rejected row was not taken out of it. */
async function addTexts(connection: DuckDBConnection, file: StagedFile): Promise<void> {
  const textless = await connection.runAndReadAll(
    `from read_parquet(${sqlLiteral(file.path)}) where _odd or (_reason is not null and _raw is null) limit 1`,
  );
  if (textless.currentRowCount > 0) await connection.run(stagingSql(file, "all"));
}

async function countOutside(connection: DuckDBConnection, files: string): Promise<number> {
  return (await numbers(connection, `select count(*) from read_parquet(${files}) where _outside`))[0]!;
}

/** All that every load must know of its rows, in one reading. */
async function lookThrough(connection: DuckDBConnection, scope: Days, from: string) {
  const [
    rejected = 0,
    textless = 0,
    unidentified = 0,
    rows = 0,
    ids = 0,
    strangers = 0,
    extra = 0,
    strange = 0,
    odd = 0,
    coarse = 0,
    exact = 0,
    ...bits
  ] = await numbers(
    connection,
    `select count(_reason), count(*) filter (_reason is not null and _raw is null),
         count(*) filter (_reason is not null and ${key} is null), count(*) filter (_reason is null),
         count(distinct ${key}) filter (_reason is null),
         count(*) filter (_reason is null and (${isIn(scope)}) is not true), count(_extra) filter (_reason is null),
         count(*) filter (_reason is null and ${isStrangeResponse}), count(*) filter (_odd),
         count(*) filter (_reason is null and _coarse > 0), count(*) filter (_reason is null and (${isExact})),
         bit_or(_missing) filter (_reason is null), bit_and(_missing) filter (_reason is null), bit_and(_null) filter (_reason is null)
       from ${from}`,
  );
  const [somewhere = 0, everywhere = 0, empty = 0] = bits;
  const missing = { somewhere, everywhere };
  const ofTimes = coarse === 0 ? "exact" : exact === 0 ? "coarse" : "mixed";
  return {
    rejected,
    textless,
    unidentified,
    rows,
    ids,
    strangers,
    extra,
    strange,
    odd,
    times: ofTimes,
    missing,
    empty,
  } as const;
}

/** Whether a row has a time with fractions of seconds. */
const isExact = times.map((time) => `${time} is not null and _coarse & ${bitOf(time)} = 0`).join(" or ");

async function missingFields(
  connection: DuckDBConnection,
  from: string,
  { rows, missing }: { rows: number; missing: { somewhere: number; everywhere: number } },
): Promise<Staged["missing"]> {
  const lacked = fields.filter((field) => missing.somewhere & bitOf(field));
  // As a rule, what one row lacks all rows lack.
  if (missing.somewhere === missing.everywhere) return lacked.map((field) => ({ field, rows }));
  const counts = lacked.map((field) => `count(*) filter (_missing & ${bitOf(field)} > 0)`);
  const lacking = await numbers(connection, `select ${counts.join(", ")} from ${from}`);
  return lacked.map((field, i) => ({ field, rows: lacking[i]! }));
}

const isStrangeResponse = `company_response not in (${companyResponses.map(sqlLiteral).join(", ")})`;

async function strangeResponses(connection: DuckDBConnection, from: string): Promise<string[]> {
  const found = await connection.runAndReadAll(
    `select distinct company_response from ${from} where ${isStrangeResponse} order by 1 limit 20`,
  );
  return found.getRows().map(([response]) => String(response));
}

async function unknownKeys(connection: DuckDBConnection, from: string): Promise<string[]> {
  const keys = await connection.runAndReadAll(
    `select distinct unnest(json_keys(_extra)) from ${from} where _extra is not null order by 1`,
  );
  return keys.getRows().map(([key]) => String(key));
}

async function numbers(connection: DuckDBConnection, sql: string): Promise<number[]> {
  return (await connection.runAndReadAll(sql)).getRows()[0]!.map(Number);
}

async function filterIgnored(connection: DuckDBConnection, scope: Days, from: string): Promise<PipelineError> {
  const { names, window } = scope;
  const strangers = await connection.runAndReadAll(`
    select count(*), min(${key}), min(company), min(${cursor})::varchar from ${from} where (${isIn(scope)}) is not true`);
  const [rows, id, company, received] = strangers.getRows()[0]!;
  return new PipelineError({
    code: "source_ignored_filter",
    message:
      `The source sent ${rows} rows that were not asked for, such as complaint ${id} (${company}, ${received}): ` +
      `asked for was ${namesText(names)}, from ${window.from} to ${window.to}.`,
    data: "Nothing of this company was loaded; what was loaded before stands.",
    next: "The source has changed its parameters: look for a newer version of this program.",
  });
}
