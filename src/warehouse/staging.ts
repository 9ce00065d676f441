import type { DuckDBConnection } from "@duckdb/node-api";
import type { Window } from "../pipeline/days.ts";
import { PipelineError } from "../pipeline/errors.ts";
import { literal } from "../pipeline/literal.ts";
import { columnOf, type Field, fields } from "./fields.ts";

/** What was staged, in the temporary tables `staged` and `rejected` of the connection. */
export type Staged = {
  /** Rows in `staged`, each with another id. */
  rows: number;
  rejected: number;
  /** Rejected rows without an id. */
  unidentified: number;
  /** How many rows lack each field, fields that no row lacks left out. */
  missing: { field: Field; rows: number }[];
  /** Keys that are no field; they are kept in `_extra`. */
  unknown: string[];
};

/**
 * Makes the tables that pages are parsed into. A field that a row does not have is a bit of its `_missing`; what cannot be
 * kept has a `_reason`.
 */
export async function beginStaging(connection: DuckDBConnection): Promise<void> {
  await connection.run(stagingTables);
}

/** Parses a landed page into the table. */
export async function stagePage(connection: DuckDBConnection, file: string): Promise<void> {
  await connection.run(stagingSql, [file]);
}

/** What has no id or no readable date goes from `staged` to `rejected`, as it came; ids become unique. */
export async function endStaging(connection: DuckDBConnection): Promise<Staged> {
  const numbers = async (sql: string) => (await connection.runAndReadAll(sql)).getRows()[0]!.map(Number);
  const [rejected = 0, unidentified = 0, kept = 0, rows = 0] = await numbers(`
    select count(_reason), count(*) filter (_reason is not null and complaint_id is null),
      count(*) filter (_reason is null), count(distinct complaint_id) filter (_reason is null) from staged`);
  if (rejected > 0) {
    await connection.run(`
      insert into rejected select _reason, complaint_id, _raw from staged where _reason is not null;
      delete from staged where _reason is not null`);
  }
  // A row that two pages showed counts once, as the later page had it.
  if (rows < kept) {
    await connection.run("delete from staged where rowid not in (select max(rowid) from staged group by complaint_id)");
  }
  const lackOf = (field: Field) => `count(*) filter (_missing & ${bitOf(field)} > 0)`;
  const [extra, ...lacking] = await numbers(`select count(_extra), ${fields.map(lackOf).join(", ")} from staged`);
  return {
    rows,
    rejected,
    unidentified,
    missing: fields.map((field, i) => ({ field, rows: lacking[i]! })).filter((missing) => missing.rows > 0),
    unknown: extra === 0 ? [] : await unknownKeys(connection),
  };
}

async function unknownKeys(connection: DuckDBConnection): Promise<string[]> {
  const keys = await connection.runAndReadAll(
    "select distinct unnest(json_keys(_extra)) from staged where _extra is not null order by 1",
  );
  return keys.getRows().map(([key]) => String(key));
}

/** Throws `source_ignored_filter` when a staged row is of another company or day than was asked for. */
export async function checkFilters(
  connection: DuckDBConnection,
  names: readonly string[],
  window: Window,
): Promise<void> {
  const strangers = await connection.runAndReadAll(`
    select count(*), min(complaint_id), min(company), min(date_received)::varchar from staged
    where company is null or company not in (${names.map(literal).join(", ")})
      or date_received < ${literal(window.from)}::date or date_received >= ${literal(window.to)}::date + 1`);
  const [rows, id, company, received] = strangers.getRows()[0]!;
  if (Number(rows) === 0) return;
  throw new PipelineError({
    code: "source_ignored_filter",
    what:
      `The source sent ${rows} rows that were not asked for, such as complaint ${id} (${company}, ${received}): ` +
      `asked were ${names.join(", ")} from ${window.from} to ${window.to}.`,
    data: "Nothing of this company was loaded; what was loaded before stands.",
    next: "The source has changed its parameters: look for a newer version of this program.",
  });
}

const known = `[${fields.map(literal).join(", ")}]`;
const shape = JSON.stringify(Object.fromEntries(fields.map((field) => [field, "VARCHAR"])));
const typeOf = (field: Field) => (field.startsWith("date_") ? "timestamptz" : "varchar");

const stagingTables = `
  create temp table staged (
    ${fields.map((field) => `${field} ${typeOf(field)}`).join(", ")}, _missing integer, _extra json, _reason varchar, _raw varchar
  );
  create temp table rejected (reason varchar, complaint_id varchar, _raw varchar)`;

/** A row's missing fields are the bits of a number: a list of their names would be most of what is staged. */
export function bitOf(field: Field): number {
  return 2 ** fields.indexOf(field);
}

/** The keys of a row that are no field, with their values. */
const extraKeys = `list_filter(keys, lambda key: not list_contains(${known}, key))`;
const extraFields = `to_json(map(${extraKeys}, list_transform(${extraKeys},
      lambda key: json_extract(j, '/' || replace(replace(key, '~', '~0'), '/', '~1')))))`;

/**
 * Adds the rows of the page $1. The text is taken apart by JSON functions: six times quicker than read_json, which fills
 * nested lists row by row (docs/decisions/0002-two-readings-of-a-page.md).
 */
const stagingSql = `
  insert into staged
  with hit as (
    select unnest(content -> '$.hits.hits[*]._source') as j from read_text($1)
  ),
  parsed as (
    select j, json_transform(j, ${literal(shape)}) as f, json_keys(j) as keys from hit
  ),
  typed as (
    select ${fields.map((field) => `${columnOf(field)} as ${field}`).join(",\n      ")},
      ${fields.map((field) => `if(list_contains(keys, ${literal(field)}), 0, ${bitOf(field)})`).join(" + ")} as _missing,
      keys,
      nullif(trim(f.date_sent_to_company), '') as sent_text,
      j
    from parsed
  ),
  judged as (
    select *, case
      when complaint_id is null then 'no complaint_id'
      when date_received is null then 'unreadable date_received'
      when sent_text is not null and date_sent_to_company is null then 'unreadable date_sent_to_company'
    end as _reason
    from typed
  )
  select ${fields.join(", ")}, _missing,
    case when len(keys) + bit_count(_missing) > ${fields.length} then ${extraFields} end,
    _reason, case when _reason is not null then coalesce(j::varchar, 'null') end
  from judged`;
