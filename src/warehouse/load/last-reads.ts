import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { Day } from "../../pipeline/window/days.ts";

const { cursor } = complaints;

/** A load, and the day on which it asked the source. */
export type DatedLoad = { loadId: string; askedOn: Day };

/** The calendar day (UTC) of a stored or staged row, in SQL; ten times faster than `at time zone`. */
export function dayOfReceipt(column: string = cursor): string {
  return `make_timestamp(epoch_us(${column}))::date`;
}

/**
 * Makes a temporary table of the last day on which an earlier load asked for each company and day that `rows` selects: `company`, `day`,
 * `last_look`. What no load looked at is not in it; where one looked later than this load does, as a replay of an earlier day finds, it is not
 * known what was seen when.
 */
export async function lastReads(
  connection: DuckDBConnection,
  { askedOn }: Pick<DatedLoad, "askedOn">,
  table: string,
  rows: string,
): Promise<string> {
  await connection.run(`
    create temp table ${table} as
    with asked as (select distinct company, day from (${rows})),
    look as (select names, window_from, window_to, asked_on from pipeline.loads where asked_on is not null and load_id not in (select load_id from pipeline.imports)),
    of_name as (
      select asked.company, asked.day, max(one.asked_on) as asked_on
      from asked join (select unnest(names) as company, * exclude (names) from look) one
        on one.company = asked.company and asked.day between one.window_from and one.window_to
      group by all
    ),
    of_every as (
      select asked.day, max(look.asked_on) as asked_on
      from (select distinct day from asked) asked
      join look on len(look.names) = 0 and asked.day between look.window_from and look.window_to
      group by all
    ),
    latest as (
      select company, day, greatest(of_name.asked_on, of_every.asked_on) as asked_on
      from asked left join of_name using (company, day) left join of_every using (day)
    )
    select company, day, if(asked_on <= ${sqlLiteral(askedOn)}::date, asked_on, null) as last_look
    from latest where asked_on is not null`);
  return table;
}
