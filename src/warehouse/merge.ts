import type { DuckDBConnection } from "@duckdb/node-api";
import { literal } from "../pipeline/literal.ts";
import type { LoadRequest } from "../pipeline/ports.ts";
import { type Field, fields } from "./fields.ts";
import { bitOf, type Staged } from "./staging.ts";

/**
 * Brings the staged rows into `raw.cfpb_complaints`: new ones are added, those that differ replace the stored ones, whose old values
 * are kept in `raw.cfpb_complaint_changes`. Rows that are not staged stay. Works within the caller's transaction.
 */
export async function merge(
  connection: DuckDBConnection,
  loadId: string,
  request: LoadRequest,
  staged: Staged,
  liveBefore: number,
): Promise<{ inserted: number; updated: number }> {
  const firstSeen = await firstSeenSql(connection, request);
  const differing = await findDiffering(connection, request, staged, liveBefore);
  if (differing.rows === 0) return { inserted: 0, updated: 0 };
  const stored = await changedRows(
    connection,
    `create temp table stored as
     select s.complaint_id, t.rowid as stored_row from ${differing.table} s join raw.cfpb_complaints t using (complaint_id)`,
  );
  const updated = stored > 0 ? await replaceStored(connection, loadId, request, staged, differing.table) : 0;
  const inserted = differing.rows - stored;
  if (inserted > 0) {
    const isNew = stored > 0 ? "where complaint_id not in (select complaint_id from stored)" : "";
    await connection.run(`
      insert into raw.cfpb_complaints (${columns}, _load_id, _loaded_at, _first_seen_on)
      select ${columns}, ${literal(loadId)}, now(), ${firstSeen} from ${differing.table} ${isNew}`);
  }
  return { inserted, updated };
}

/** Live rows of the load's names and days, as a condition. */
export function liveIn({ names, window }: LoadRequest): string {
  return `company in (${names.map(literal).join(", ")}) and _deleted_at is null
    and date_received >= ${literal(window.from)}::date and date_received < ${literal(window.to)}::date + 1`;
}

const columns = `${fields.join(", ")}, _extra`;

/**
 * The table of staged rows that are not stored as they are, and how many there are. A row whose values have the same hash of 64 bits as
 * those of a live row is that row: no other of the rows is looked at value by value, nor held in memory. Equal rows have equal names and
 * days, so that only the load's own are read. Where a field is in some rows and not in others, every row is looked at.
 */
async function findDiffering(
  connection: DuckDBConnection,
  request: LoadRequest,
  staged: Staged,
  liveBefore: number,
): Promise<{ table: string; rows: number }> {
  const merged = mergedFields(staged);
  if (liveBefore === 0 || merged.some(({ has }) => has !== "")) return { table: "staged", rows: staged.rows };
  const hash = `hash(complaint_id, ${merged.map(({ field }) => field).join(", ")})`;
  const rows = await changedRows(
    connection,
    `create temp table differing as
     select * from staged
     where ${staged.unknown.length > 0 ? "_extra is not null or" : ""} ${hash} not in (select ${hash} from raw.cfpb_complaints where ${liveIn(request)})`,
  );
  return { table: "differing", rows };
}

/**
 * Of the rows in `stored`, replaces those that differ, and keeps what they replace: once merged, the old values are gone. Returns how
 * many. A deleted row and a new one take a third of the time of an update of as many columns.
 */
async function replaceStored(
  connection: DuckDBConnection,
  loadId: string,
  { window }: LoadRequest,
  staged: Staged,
  table: string,
): Promise<number> {
  const merged = mergedFields(staged);
  const differs = ({ field, has }: MergedField) => `(${has}t.${field} is distinct from s.${field})`;
  const mergedValue = (field: Field) => {
    const has = field === "complaint_id" ? "" : merged.find((one) => one.field === field)?.has;
    if (has === undefined) return `t.${field}`;
    return has === "" ? `s.${field}` : `if(${has}true, s.${field}, t.${field}) as ${field}`;
  };
  const changes = merged.map(
    (one) =>
      `{field: '${one.field}', old: t.${one.field}::varchar, new: s.${one.field}::varchar, differs: ${differs(one)}}`,
  );
  const changed = await changedRows(
    connection,
    `create temp table changed as
     select ${fields.map(mergedValue).join(", ")}, coalesce(s._extra, t._extra) as _extra, t._first_seen_on, stored_row,
       list_filter([${changes.join(", ")}], lambda change: change.differs) as replaced
     from stored
     join ${table} s using (complaint_id)
     join raw.cfpb_complaints t on t.rowid = stored_row
     where t._deleted_at is not null or (s._extra is not null and t._extra is distinct from s._extra)
       or ${merged.map(differs).join(" or ")}`,
  );
  await connection.run(`
    insert into raw.cfpb_complaint_changes
    select complaint_id, r.field, r.old, r.new, ${literal(window.to)}::date, ${literal(loadId)}, now()
    from (select complaint_id, unnest(replaced) as r from changed)`);
  await connection.run("delete from raw.cfpb_complaints where rowid in (select stored_row from changed)");
  await connection.run(`
    insert into raw.cfpb_complaints (${columns}, _load_id, _loaded_at, _first_seen_on)
    select ${columns}, ${literal(loadId)}, now(), _first_seen_on from changed`);
  return changed;
}

type MergedField = { field: Field; has: string };

/** The fields that a load may change, each with the condition that the staged row has it: none where all have it. */
function mergedFields(staged: Staged): MergedField[] {
  const lacking = new Map(staged.missing.map(({ field, rows }) => [field, rows]));
  return fields
    .filter((field) => field !== "complaint_id" && (lacking.get(field) ?? 0) < Math.max(staged.rows, 1))
    .map((field) => ({
      field,
      has: lacking.has(field) ? `s._missing & ${bitOf(field)} = 0 and ` : "",
    }));
}

/** The day a new row appeared, as SQL: known for days that an earlier load of the company had looked at. */
async function firstSeenSql(connection: DuckDBConnection, { company, window }: LoadRequest): Promise<string> {
  const earlier = await connection.runAndReadAll(
    `select min(window_from)::varchar from pipeline.loads where company = ${literal(company)}`,
  );
  const from = earlier.value(0, 0);
  return from === null
    ? "null"
    : `if(date_received >= ${literal(String(from))}::date, ${literal(window.to)}::date, null)`;
}

async function changedRows(connection: DuckDBConnection, sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).value(0, 0));
}
