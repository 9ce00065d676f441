import type { DuckDBConnection } from "@duckdb/node-api";
import {
  columns,
  companyResponses,
  complaints,
  type Field,
  fields,
  mutableFields,
} from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { PipelineError } from "../../run/errors.ts";
import { columnValue } from "./column-values.ts";
import { isInScope, type LoadScope } from "./load-scope.ts";
import { mayHaveOtherTypes, notAllowed, wrongType } from "./unexpected-values.ts";

const { key, cursor } = complaints;

/** What was staged. */
export type Staged = {
  /** What the staged rows are selected from, in SQL. Each has another id. */
  from: string;
  rows: number;
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
};

/**
 * Parses a landed page into a Parquet file beside it: rows that wait for their merge are not held in memory. A field that a row does not
 * have is a bit of its `_missing`; what cannot be kept has a `_reason`.
 */
export async function stagePage(connection: DuckDBConnection, page: string): Promise<void> {
  await connection.run(stagingSql(page, "where needed"));
}

/**
 * Makes of staged pages the rows of a load: those without an id or a readable date, or with a key twice, are rejected, and ids become
 * unique. Throws `source_ignored_filter` when a row is of another company or day than was asked for.
 */
export async function endStaging(
  connection: DuckDBConnection,
  pages: readonly string[],
  scope: LoadScope,
): Promise<Staged> {
  const files = `[${pages.map((page) => sqlLiteral(stagedFile(page))).join(", ")}]`;
  const all = `read_parquet(${files})`;
  let from = `(select * from ${all} where _reason is null)`;
  let found = await lookThrough(connection, scope, all);
  if (found.textless > 0 || found.odd > 0) {
    for (const page of pages) await addTexts(connection, page);
    found = await lookThrough(connection, scope, all);
  }
  const { rejected, unidentified } = found;
  if (found.ids < found.rows) {
    // A row that two pages showed counts once, as the later page had it.
    await connection.run(`
      create temp table once as
      select * from read_parquet(${files}, filename = true, file_row_number = true) where _reason is null
      qualify row_number() over (partition by ${key} order by filename desc, file_row_number desc) = 1`);
    from = "once";
    found = await lookThrough(connection, scope, from);
  }
  if (found.strangers > 0) throw await filterIgnored(connection, scope, from);
  return {
    from,
    rows: found.rows,
    rejectedFrom: `(select _reason as reason, ${key}, _raw from ${all} where _reason is not null)`,
    rejected,
    unidentified,
    missing: await missingFields(connection, from, found),
    empty:
      found.rows === 0 ? [] : mutableFields.filter((field) => found.empty & ~found.missing.everywhere & bitOf(field)),
    unknown: found.extra === 0 ? [] : await unknownKeys(connection, from),
    responses: found.strange === 0 ? [] : await strangeResponses(connection, from),
  };
}

/** Stages a page again whose values have to be looked at one by one, or where the text of a rejected row was not taken out of it. */
async function addTexts(connection: DuckDBConnection, page: string): Promise<void> {
  const textless = await connection.runAndReadAll(
    `from read_parquet(${sqlLiteral(stagedFile(page))}) where _odd or (_reason is not null and _raw is null) limit 1`,
  );
  if (textless.currentRowCount > 0) await connection.run(stagingSql(page, "all"));
}

/** All that every load must know of its rows, in one reading. */
async function lookThrough(connection: DuckDBConnection, scope: LoadScope, from: string) {
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
    ...bits
  ] = await numbers(
    connection,
    `select count(_reason), count(*) filter (_reason is not null and _raw is null),
         count(*) filter (_reason is not null and ${key} is null), count(*) filter (_reason is null),
         count(distinct ${key}) filter (_reason is null),
         count(*) filter (_reason is null and (${isInScope(scope)}) is not true), count(_extra) filter (_reason is null),
         count(*) filter (_reason is null and ${isStrangeResponse}), count(*) filter (_odd),
         bit_or(_missing) filter (_reason is null), bit_and(_missing) filter (_reason is null), bit_and(_null) filter (_reason is null)
       from ${from}`,
  );
  const [somewhere = 0, everywhere = 0, empty = 0] = bits;
  const missing = { somewhere, everywhere };
  return { rejected, textless, unidentified, rows, ids, strangers, extra, strange, odd, missing, empty };
}

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

async function filterIgnored(connection: DuckDBConnection, scope: LoadScope, from: string): Promise<PipelineError> {
  const { names, window } = scope;
  const strangers = await connection.runAndReadAll(`
    select count(*), min(${key}), min(company), min(${cursor})::varchar from ${from} where (${isInScope(scope)}) is not true`);
  const [rows, id, company, received] = strangers.getRows()[0]!;
  return new PipelineError({
    code: "source_ignored_filter",
    message:
      `The source sent ${rows} rows that were not asked for, such as complaint ${id} (${company}, ${received}): ` +
      `asked were ${names.join(", ")} from ${window.from} to ${window.to}.`,
    data: "Nothing of this company was loaded; what was loaded before stands.",
    next: "The source has changed its parameters: look for a newer version of this program.",
  });
}

const stagedFile = (page: string) => `${page}.parquet`;

const known = `[${fields.map(sqlLiteral).join(", ")}]`;

/** A row's missing fields are the bits of a number: a list of their names would be most of what is staged. */
export function bitOf(field: Field): number {
  return 2 ** fields.indexOf(field);
}

/** Which of these keys are no field, as SQL. */
const unknownOf = (keys: string) => `list_filter(${keys}, lambda key: not list_contains(${known}, key))`;

/** The fields that are not among these keys, as the bits of a number. */
const missingOf = (keys: string) =>
  fields.map((field) => `if(list_contains(${keys}, ${sqlLiteral(field)}), 0, ${bitOf(field)})`).join(" + ");

/** Whether a key is among them twice: JSON does not say which value counts. */
const hasTwice = (keys: string) => `len(list_distinct(${keys})) < len(${keys})`;

/** A row's unknown keys with their values. */
const extraFields = `to_json(map(${unknownOf("keys")}, list_transform(${unknownOf("keys")},
      lambda key: json_extract(j, '/' || replace(replace(key, '~', '~0'), '/', '~1')))))`;

/**
 * Writes the rows of a page to a file. A page is parsed once, each row into a map of texts
 * (docs/decisions/0002-two-readings-of-a-page.md). The texts of all rows, `j`, are taken out of it only where they are asked for, or
 * where a row has a key that is no field; rows with the keys of the page's first are the rule.
 */
const stagingSql = (page: string, texts: "all" | "where needed") => `
  copy (with page as (
    select content, from_json(content, '{"hits":{"hits":[{"_source":"MAP(VARCHAR,VARCHAR)"}]}}').hits.hits as hits,
      ${mayHaveOtherTypes("content")} as odd
    from read_text(${sqlLiteral(page)})
  ),
  usual as (
    select *, coalesce(map_keys(hits[1]._source), []) as usual from page
  ),
  kept as (
    select hits, usual, odd, ${missingOf("usual")} as usually_missing, ${hasTwice("usual")} as usually_twice,
      if(${texts === "all"} or len(${unknownOf("usual")}) > 0 or len(list_filter(hits, lambda hit: map_keys(hit._source) is distinct from usual)) > 0,
        content -> '$.hits.hits[*]._source', null) as texts
    from usual
  ),
  hit as (
    select unnest(hits)._source as f, unnest(texts) as j, usual, odd, usually_missing, usually_twice from kept
  ),
  typed as (
    select ${columns.map((column) => `${columnValue(column)} as ${column.name}`).join(",\n      ")},
      nullif(trim(f['date_sent_to_company']), '') as sent_text,
      map_keys(f) as keys, keys = usual as alike, usually_missing, j, odd,
      case when alike then usually_twice else ${hasTwice("keys")} end as twice
    from hit
  ),
  judged as (
    select * replace (case when not twice then ${key} end as ${key}),
      case when alike then usually_missing else ${missingOf("keys")} end as _missing,
      ${mutableFields.map((field) => `if(${field} is null, ${bitOf(field)}, 0)`).join(" + ")} as _null,
      ${texts === "all" ? `case when odd then ${wrongType("j")} end` : "null"} as wrong_kind,
      case
        when twice then 'a key twice'
        when wrong_kind is not null then wrong_kind
        when ${key} is null then 'no ${key}'
        when ${cursor} is null then 'unreadable ${cursor}'
        when sent_text is not null and date_sent_to_company is null then 'unreadable date_sent_to_company'
        else ${notAllowed()}
      end as _reason
    from typed
  )
  select ${fields.join(", ")}, _missing, _null, odd and ${texts !== "all"} as _odd,
    case when len(keys) + bit_count(_missing) > ${fields.length} then ${extraFields} end::json as _extra,
    _reason, case when _reason is not null then ${texts === "all" ? "coalesce(j::varchar, 'null')" : "j::varchar"} end as _raw
  from judged) to ${sqlLiteral(stagedFile(page))} (format parquet)`;
