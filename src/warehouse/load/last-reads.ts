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
    with look as (
      select unnest(names) as company, window_from, window_to, asked_on from pipeline.loads where asked_on is not null
    )
    select asked.company, asked.day, if(max(look.asked_on) <= ${sqlLiteral(askedOn)}::date, max(look.asked_on), null) as last_look
    from (select distinct company, day from (${rows})) asked
    join look on look.company = asked.company and asked.day between look.window_from and look.window_to
    group by all`);
  return table;
}
