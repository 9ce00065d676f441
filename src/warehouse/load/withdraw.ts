import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { Day } from "../../pipeline/window/days.ts";
import { PipelineError } from "../../run/errors.ts";
import { dayOfReceipt, lastReads } from "./last-reads.ts";
import { type Days, isIn } from "./scope-sql.ts";

const { table, changes, rejected, key } = complaints;

/**
 * Makes a temporary table `gone` of the live rows that the condition finds: id, company, day of receipt, the day on which the source was
 * asked, and the last day before on which a load saw them: a load that held a row did not see it.
 */
export async function findGone(connection: DuckDBConnection, isGone: string, askedOn: Day): Promise<void> {
  await connection.run(`
    create temp table gone_rows as
    select ${key}, company, ${dayOfReceipt()} as received_on from ${table} where ${isGone}`);
  const looked = await lastReads(
    connection,
    { askedOn },
    "gone_looks",
    "select company, received_on as day from gone_rows",
  );
  await connection.run(`
    create temp table gone as
    select g.*, ${sqlLiteral(askedOn)}::date as changed_on, if(h.load_id is null, l.last_look, h.unchanged_until) as unchanged_until
    from gone_rows g left join ${looked} l on l.company = g.company and l.day = g.received_on
    left join (
      from pipeline.held_withdrawals qualify row_number() over (partition by ${key} order by changed_on) = 1) h on h.${key} = g.${key}`);
}

/** Marks the rows of the temporary table `gone` as withdrawn, by a load. */
export async function withdrawGone(connection: DuckDBConnection, loadId: string): Promise<void> {
  await connection.run(`
    insert into ${changes}
      (${key}, field, old_value, new_value, changed_on, _load_id, _loaded_at, unchanged_until, received_on)
    select ${key}, '_withdrawn', 'false', 'true', changed_on, ${sqlLiteral(loadId)}, now(), unchanged_until, received_on from gone`);
  await connection.run(`
    update ${table} set _deleted_at = now(), _loaded_at = now(), _load_id = ${sqlLiteral(loadId)}
    where _deleted_at is null and ${key} in (select ${key} from gone)`);
}

/** Keeps the rows of the temporary table `gone` for {@link findHeld}; they stay live. */
export async function holdGone(connection: DuckDBConnection, loadId: string): Promise<void> {
  await connection.run(`
    insert into pipeline.held_withdrawals (load_id, ${key}, company, received_on, changed_on, unchanged_until)
    select ${sqlLiteral(loadId)}, ${key}, company, received_on, changed_on, unchanged_until from gone`);
}

/**
 * Makes the temporary table `gone` of what some loads hold, but for rows that have another day or company since, and for those that another
 * one of them rejected: the source has both. Returns how many.
 */
export async function findHeld(connection: DuckDBConnection, loadIds: string): Promise<number> {
  const found = await connection.runAndReadAll(`
    create temp table gone as
    select h.${key}, h.company, h.received_on, h.changed_on, h.unchanged_until
    from pipeline.held_withdrawals h join ${table} t on t.${key} = h.${key}
    where h.load_id in (${loadIds}) and t._deleted_at is null and t.company = h.company
      and ${dayOfReceipt(`t.${complaints.cursor}`)} = h.received_on
      and h.${key} not in (select ${key} from ${rejected} where load_id in (${loadIds}) and ${key} is not null)`);
  return Number(found.value(0, 0));
}

/** Forgets what earlier loads hold of names and days that are read again. */
export async function forgetHeld(connection: DuckDBConnection, days: Days): Promise<void> {
  await connection.run(`delete from pipeline.held_withdrawals where ${isIn(days, "received_on")}`);
}

export function withdrawalsRefused(
  { company, window }: Pick<Days, "window"> & { company: string },
  gone: number,
  live: number,
  data: string,
): PipelineError {
  return new PipelineError({
    code: "withdrawals_refused",
    message:
      `The source no longer shows ${gone.toLocaleString("en-US")} of the ${live.toLocaleString("en-US")} complaints ` +
      `of "${company}" from ${window.from} to ${window.to}, which is more than is usual.`,
    data,
    next: "Look at the source; if it really withdrew them, run again with --accept-withdrawals.",
  });
}
