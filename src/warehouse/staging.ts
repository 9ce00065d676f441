import type { DuckDBConnection } from "@duckdb/node-api";
import { PipelineError } from "../pipeline/errors.ts";
import { literal } from "../pipeline/literal.ts";
import { type Asked, isAsked } from "./asked.ts";
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
  await connection.run("begin");
  await connection.run(stagingSql, [file, false]);
  const textless = await connection.runAndReadAll("from staged where _reason is not null and _raw is null limit 1");
  if (textless.currentRowCount > 0) {
    await connection.run("rollback; begin");
    await connection.run(stagingSql, [file, true]);
  }
  await connection.run("commit");
}

/**
 * What has no id or no readable date goes from `staged` to `rejected`, as it came; ids become unique. Throws `source_ignored_filter` when
 * a row is of another company or day than was asked for.
 */
export async function endStaging(connection: DuckDBConnection, asked: Asked): Promise<Staged> {
  let found = await lookThrough(connection, asked);
  const { rejected, unidentified } = found;
  const isRepeated = found.ids < found.rows;
  if (rejected > 0) {
    await connection.run(`
      insert into rejected select _reason, complaint_id, _raw from staged where _reason is not null;
      delete from staged where _reason is not null`);
  }
  // A row that two pages showed counts once, as the later page had it.
  if (isRepeated) {
    await connection.run("delete from staged where rowid not in (select max(rowid) from staged group by complaint_id)");
    found = await lookThrough(connection, asked);
  }
  if (found.strangers > 0) throw await filterIgnored(connection, asked);
  return {
    rows: found.rows,
    rejected,
    unidentified,
    missing: await missingFields(connection, found),
    unknown: found.extra === 0 ? [] : await unknownKeys(connection),
  };
}

/** All that every load must know of the staged rows, in one reading. */
async function lookThrough(connection: DuckDBConnection, asked: Asked) {
  const [rejected = 0, unidentified = 0, rows = 0, ids = 0, strangers = 0, extra = 0, somewhere = 0, everywhere = 0] =
    await numbers(
      connection,
      `select count(_reason), count(*) filter (_reason is not null and complaint_id is null), count(*) filter (_reason is null),
       count(distinct complaint_id) filter (_reason is null), count(*) filter (_reason is null and (${isAsked(asked)}) is not true),
       count(_extra) filter (_reason is null), bit_or(_missing) filter (_reason is null), bit_and(_missing) filter (_reason is null)
     from staged`,
    );
  return { rejected, unidentified, rows, ids, strangers, extra, missing: { somewhere, everywhere } };
}

async function missingFields(
  connection: DuckDBConnection,
  { rows, missing }: { rows: number; missing: { somewhere: number; everywhere: number } },
): Promise<Staged["missing"]> {
  const lacked = fields.filter((field) => missing.somewhere & bitOf(field));
  // As a rule, what one row lacks all rows lack.
  if (missing.somewhere === missing.everywhere) return lacked.map((field) => ({ field, rows }));
  const counts = lacked.map((field) => `count(*) filter (_missing & ${bitOf(field)} > 0)`);
  const lacking = await numbers(connection, `select ${counts.join(", ")} from staged`);
  return lacked.map((field, i) => ({ field, rows: lacking[i]! }));
}

async function unknownKeys(connection: DuckDBConnection): Promise<string[]> {
  const keys = await connection.runAndReadAll(
    "select distinct unnest(json_keys(_extra)) from staged where _extra is not null order by 1",
  );
  return keys.getRows().map(([key]) => String(key));
}

async function numbers(connection: DuckDBConnection, sql: string): Promise<number[]> {
  return (await connection.runAndReadAll(sql)).getRows()[0]!.map(Number);
}

async function filterIgnored(connection: DuckDBConnection, asked: Asked): Promise<PipelineError> {
  const { names, window } = asked;
  const strangers = await connection.runAndReadAll(`
    select count(*), min(complaint_id), min(company), min(date_received)::varchar from staged where (${isAsked(asked)}) is not true`);
  const [rows, id, company, received] = strangers.getRows()[0]!;
  return new PipelineError({
    code: "source_ignored_filter",
    what:
      `The source sent ${rows} rows that were not asked for, such as complaint ${id} (${company}, ${received}): ` +
      `asked were ${names.join(", ")} from ${window.from} to ${window.to}.`,
    data: "Nothing of this company was loaded; what was loaded before stands.",
    next: "The source has changed its parameters: look for a newer version of this program.",
  });
}

const known = `[${fields.map(literal).join(", ")}]`;
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

/** Which of these keys are no field, as SQL. */
const unknownOf = (keys: string) => `list_filter(${keys}, lambda key: not list_contains(${known}, key))`;

/** The fields that are not among these keys, as the bits of a number. */
const missingOf = (keys: string) =>
  fields.map((field) => `if(list_contains(${keys}, ${literal(field)}), 0, ${bitOf(field)})`).join(" + ");

/** A row's unknown keys with their values. */
const extraFields = `to_json(map(${unknownOf("keys")}, list_transform(${unknownOf("keys")},
      lambda key: json_extract(j, '/' || replace(replace(key, '~', '~0'), '/', '~1')))))`;

/**
 * Adds the rows of the page $1. A page is parsed once, each row into a map of texts
 * (docs/decisions/0002-two-readings-of-a-page.md). The text of the rows, `j`, is taken out of it only where it is asked for by $2, or
 * where a row has a key that is no field; rows with the keys of the page's first are the rule.
 */
const stagingSql = `
  insert into staged
  with page as (
    select content, from_json(content, '{"hits":{"hits":[{"_source":"MAP(VARCHAR,VARCHAR)"}]}}').hits.hits as hits
    from read_text($1)
  ),
  usual as (
    select *, coalesce(map_keys(hits[1]._source), []) as usual from page
  ),
  kept as (
    select hits, usual, ${missingOf("usual")} as usually_missing,
      if($2 or len(${unknownOf("usual")}) > 0 or len(list_filter(hits, lambda hit: map_keys(hit._source) is distinct from usual)) > 0,
        content -> '$.hits.hits[*]._source', null) as texts
    from usual
  ),
  hit as (
    select unnest(hits)._source as f, unnest(texts) as j, usual, usually_missing from kept
  ),
  typed as (
    select ${fields.map((field) => `${columnOf(field)} as ${field}`).join(",\n      ")},
      nullif(trim(f['date_sent_to_company']), '') as sent_text,
      map_keys(f) as keys, usual, usually_missing, j
    from hit
  ),
  judged as (
    select *,
      case when keys = usual then usually_missing else ${missingOf("keys")} end as _missing,
      case
        when complaint_id is null then 'no complaint_id'
        when date_received is null then 'unreadable date_received'
        when sent_text is not null and date_sent_to_company is null then 'unreadable date_sent_to_company'
      end as _reason
    from typed
  )
  select ${fields.join(", ")}, _missing,
    case when len(keys) + bit_count(_missing) > ${fields.length} then ${extraFields} end,
    _reason, case when _reason is not null then if($2, coalesce(j::varchar, 'null'), j::varchar) end
  from judged`;
