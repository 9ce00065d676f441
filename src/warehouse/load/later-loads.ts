import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import { isEvery } from "../../pipeline/names/every.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { type Day, earlier, later, type Window } from "../../pipeline/window/days.ts";
import { withWindow } from "../../pipeline/window/ranges.ts";
import type { Staged } from "../staging/staging.ts";
import { dayOfReceipt } from "./last-reads.ts";
import { type Days, isLiveIn } from "./scope-sql.ts";

const { table, key } = complaints;

/** The day of the index that a load read; of a closed file the day that it shows. */
const indexDay = "coalesce(try_cast(left(last_indexed, 10) as date), asked_on)";

/** What of a closed file is left out, because a later index was loaded. */
export type Taken = {
  /** What the rows that are merged are selected from. */
  from: string;
  rows: number;
  /** What the rows that are left out are selected from; null where there are none. */
  leftFrom: string | null;
  /** Whether a live row is judged by this load, as SQL. */
  isJudged: string;
};

/** Loads of an index of a later day that read some of these days, as SQL. */
function isLaterThan(day: Day, { from, to }: Window): string {
  return `${indexDay} > ${sqlLiteral(day)}::date and window_from <= ${sqlLiteral(to)}::date and window_to >= ${sqlLiteral(from)}::date`;
}

/** The days of a scope that loads of all complaints in them read from an index of a later day, of all its names. */
export async function readDaysOfLaterIndex(
  connection: DuckDBConnection,
  { names, window }: Days,
  day: Day,
): Promise<Window[]> {
  const ofNames = isEvery(names) ? "" : ` or list_has_all(names, [${names.map(sqlLiteral).join(", ")}])`;
  const found = await connection.runAndReadAll(`
    select window_from::varchar, window_to::varchar from pipeline.loads
    where load_id not in (select load_id from pipeline.imports) and ${isLaterThan(day, window)} and (len(names) = 0${ofNames})`);
  const ranges = found.getRows().map(([from, to]) => ({ from: String(from), to: String(to) }));
  return ranges
    .reduce<readonly Window[]>(withWindow, [])
    .map(({ from, to }) => ({ from: later(from, window.from), to: earlier(to, window.to) }));
}

/**
 * What a closed file may change: no row that is stored of names and days which a load of a later index has read, and no row of theirs that such a load
 * did not show. Of an earlier import is only known what it had.
 */
export async function leaveLater(
  connection: DuckDBConnection,
  { from, rows }: Pick<Staged, "from" | "rows">,
  scope: Days,
  day: Day,
): Promise<Taken> {
  const isLater = isLaterThan(day, scope.window);
  const found = await connection.runAndReadAll(`select 1 from pipeline.loads where ${isLater} limit 1`);
  if (found.currentRowCount === 0) return { from, rows, leftFrom: null, isJudged: "true" };
  await connection.run(`
    create temp table later_days as
    with asked as (
      select company, ${dayOfReceipt()} as day from ${from}
      union select company, ${dayOfReceipt()} from ${table} where ${isLiveIn(scope)} or ${key} in (select ${key} from ${from})
    ),
    look as (select names, window_from, window_to, load_id not in (select load_id from pipeline.imports) as is_whole from pipeline.loads where ${isLater})
    select asked.company, asked.day, bool_or(look.is_whole) as is_whole
    from asked join look
      on asked.day between look.window_from and look.window_to and (len(look.names) = 0 or list_contains(look.names, asked.company))
    group by all`);
  const leaving = await connection.runAndReadAll(`
    create temp table left_out as
    select s.${key} from (select ${key}, company, ${dayOfReceipt()} as day from ${from}) s
    left join ${table} t on t.${key} = s.${key}
    left join later_days of_staged on of_staged.company is not distinct from s.company and of_staged.day = s.day
    left join later_days of_stored
      on of_stored.company is not distinct from t.company and of_stored.day = ${dayOfReceipt(`t.${complaints.cursor}`)}
    where of_staged.is_whole or of_stored.day is not null`);
  const leftOut = Number(leaving.value(0, 0));
  await connection.run(`
    create temp table taken as from ${from} where ${key} not in (select ${key} from left_out)`);
  const isOfLater = `(company, ${dayOfReceipt()}) in (select (company, day) from later_days)`;
  return {
    from: "taken",
    rows: rows - leftOut,
    leftFrom: `(from ${from} where ${key} in (select ${key} from left_out))`,
    isJudged: `(${key} in (select ${key} from taken) or (${key} not in (select ${key} from left_out) and (${isOfLater}) is not true))`,
  };
}
