import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints, type Field, fields, retiredFields, times } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { dayMs } from "../../pipeline/window/units.ts";
import { bitOf } from "../staging/keys.ts";
import type { Staged } from "../staging/staging.ts";
import { type DatedLoad, dayOfReceipt, lastReads } from "./last-reads.ts";
import { type Days, isLiveIn } from "./scope-sql.ts";

const { table, changes: changesTable, key, cursor } = complaints;

/**
 * Brings the staged rows into `raw.cfpb_complaints`: new ones are added, those that differ overwrite the stored ones, whose old values
 * are kept in `raw.cfpb_complaint_changes`. Rows that are not staged stay. Works within the caller's transaction.
 */
export async function merge(
  connection: DuckDBConnection,
  look: DatedLoad,
  scope: Days,
  staged: Staged,
  liveBefore: number,
): Promise<{ inserted: number; updated: number }> {
  const insert = (from: string) => insertNew(connection, look, from);
  if (liveBefore === 0 && (await isNothingStored(connection, staged))) {
    return { inserted: await insert(staged.from), updated: 0 };
  }
  const differing = await findDiffering(connection, scope, staged, liveBefore);
  await refine(connection, staged, differing);
  const changes = await findChanges(connection, staged, differing);
  const inserted = changes > 0 ? await insert("(select * from change where is_new)") : 0;
  if (changes > inserted) await overwrite(connection, look, staged);
  return { inserted, updated: changes - inserted };
}

/** True when no staged id is stored, as in a company's first load. */
async function isNothingStored(connection: DuckDBConnection, { from }: Staged): Promise<boolean> {
  const one = await connection.runAndReadAll(`select 1 from ${from} semi join ${table} using (${key}) limit 1`);
  return one.currentRowCount === 0;
}

/**
 * What the staged rows are selected from that are not stored as they are. A row whose values have the same hash of 64 bits as those of a
 * live row is that row: only the others are then compared value by value. Equal rows have equal names and days, so that only the load's
 * own are read. Where a field is in some rows and not in others, or some times are more exact than others, no hash says what is the same.
 */
async function findDiffering(
  connection: DuckDBConnection,
  scope: Days,
  staged: Staged,
  liveBefore: number,
): Promise<string> {
  const merged = mergedFields(staged);
  if (liveBefore === 0 || merged.some(({ has }) => has !== "")) return staged.from;
  if (staged.times === "mixed") return staged.from;
  const hashed = (field: Field) => (staged.times === "coarse" && times.includes(field) ? dayOfReceipt(field) : field);
  const hash = `hash(${key}, ${merged.map(({ field }) => hashed(field)).join(", ")})`;
  const unknown = staged.unknown.length > 0 ? "_extra is not null or" : "";
  await connection.run(`
    create temp table differing as
    select * from ${staged.from}
    where ${unknown} ${hash} not in (select ${hash} from ${table} where ${isLiveIn(scope)})`);
  return "differing";
}

/** Fills the temporary table `change` with the rows that are new or differ, and what they replace. Returns how many. */
async function findChanges(connection: DuckDBConnection, staged: Staged, from: string): Promise<number> {
  const merged = mergedFields(staged);
  const differs = ({ field, has }: MergedField) => `(${has}${isOther(field)})`;
  const replaced = merged.map((one) => {
    const { field } = one;
    return `if(${differs(one)}, {field: '${field}', old: t.${field}::varchar, new: s.${field}::varchar}, null)`;
  });
  if (staged.unknown.length > 0)
    replaced.push(
      "if(s._extra is not null and t._extra is distinct from s._extra, {field: '_extra', old: t._extra::varchar, new: s._extra::varchar}, null)",
    );
  replaced.push("if(t._deleted_at is not null, {field: '_withdrawn', old: 'true', new: 'false'}, null)");
  return changedRows(
    connection,
    `create temp table change as
     select s.*, t.rowid as stored_row, t.company as stored_company, ${dayOfReceipt(`t.${cursor}`)} as stored_day,
       t.${key} is null as is_new, if(t.${key} is null, [], [${replaced.join(", ")}]) as replaced
     from ${from} s left join ${table} t on t.${key} = s.${key}
     where t.${key} is null or t._deleted_at is not null
       or (s._extra is not null and t._extra is distinct from s._extra)
       or ${merged.map(differs).join(" or ")}`,
  );
}

/** Whether a stored and a staged value of a field are of one UTC day. */
const sameDay = (field: Field) => `${dayOfReceipt(`t.${field}`)} = ${dayOfReceipt(`s.${field}`)}`;
/** Whether of a stored time the day alone is known. */
const isDayOnly = (field: Field) => `epoch_us(t.${field}) % ${dayMs * 1000} = 0`;

/**
 * Whether a staged value is another one than the stored one, as SQL. Of two times of one day, one that is less exact says nothing new: a day, or a time
 * without fractions of seconds, takes no known time's place, and a time of a day that was known before is no change.
 */
function isOther(field: Field): string {
  const differs = `t.${field} is distinct from s.${field}`;
  if (!times.includes(field)) return differs;
  const isLessExact = `${sameDay(field)} and (s._coarse & ${bitOf(field)} > 0 or ${isDayOnly(field)})`;
  return `${differs} and (${isLessExact}) is not true`;
}

/** Gives stored rows the times of days that were known. No complaint changes by it. */
async function refine(connection: DuckDBConnection, staged: Staged, from: string): Promise<void> {
  if (staged.times === "coarse") return;
  const isFiner = (field: Field) =>
    `(t.${field} is distinct from s.${field} and ${sameDay(field)} and ${isDayOnly(field)}) is true`;
  await connection.run(`
    update ${table} t set ${times.map((time) => `${time} = if(${isFiner(time)}, s.${time}, t.${time})`).join(", ")}
    from ${from} s where s.${key} = t.${key} and (${times.map(isFiner).join(" or ")})`);
}

/** Adds rows. On which day a row appeared is known where an earlier load had looked at its day; the first load of a name knows of none. */
async function insertNew(connection: DuckDBConnection, { loadId, askedOn }: DatedLoad, from: string): Promise<number> {
  const looked = await lastReads(
    connection,
    { askedOn },
    "new_looks",
    `select company, ${dayOfReceipt()} as day from ${from}`,
  );
  return changedRows(
    connection,
    `insert into ${table}
       (${fields.join(", ")}, _extra, _load_id, _loaded_at, _first_seen_on, _unseen_until, _first_received_on)
     select ${fields.map((field) => `s.${field}`).join(", ")}, s._extra, ${sqlLiteral(loadId)}, now(),
       if(l.last_look is null, null, ${sqlLiteral(askedOn)}::date), l.last_look, s.received_on
     from (select *, ${dayOfReceipt()} as received_on from ${from}) s
     left join ${looked} l on l.company = s.company and l.day = s.received_on`,
  );
}

/**
 * Overwrites the stored rows that differ, and keeps what is replaced: once merged, the old values are gone. Only columns in which a row
 * differs are written, as a rule a few of them. (To delete and insert instead leaves holes that grow night after night.)
 */
async function overwrite(connection: DuckDBConnection, { loadId, askedOn }: DatedLoad, staged: Staged): Promise<void> {
  const stored = "select stored_company as company, stored_day as day from change where not is_new";
  const looked = await lastReads(connection, { askedOn }, "changed_looks", stored);
  await connection.run(`
    insert into ${changesTable}
      (${key}, field, old_value, new_value, changed_on, _load_id, _loaded_at, unchanged_until, received_on)
    select c.${key}, c.r.field, c.r.old, c.r.new, ${sqlLiteral(askedOn)}, ${sqlLiteral(loadId)}, now(), l.last_look, c.stored_day
    from (select ${key}, stored_company, stored_day, unnest(replaced) as r from change) c
    left join ${looked} l on l.company = c.stored_company and l.day = c.stored_day
    where c.r is not null`);
  const replaced = await connection.runAndReadAll(
    "select distinct r.field from (select unnest(replaced) as r from change) where r is not null",
  );
  const names = new Set(replaced.getRows().flat());
  const values = mergedFields(staged)
    .filter(({ field }) => names.has(field))
    .map(({ field, has }) => {
      const isTaken = times.includes(field) ? `${has}${isOther(field)}` : has === "" ? "" : `${has}true`;
      return `${field} = ${isTaken === "" ? `s.${field}` : `if(${isTaken}, s.${field}, t.${field})`},`;
    });
  const extra = staged.unknown.length > 0 ? "_extra = coalesce(s._extra, t._extra)," : "";
  await connection.run(`
    update ${table} t
    set ${values.join(" ")} ${extra} _load_id = ${sqlLiteral(loadId)}, _loaded_at = now(), _deleted_at = null
    from change s where not s.is_new and t.rowid = s.stored_row`);
}

/**
 * Fills what stored rows lack of fields that the source no longer sends, from rows that change nothing else; returns how many rows that are. A
 * complaint is not another one by it, so that no change is kept.
 */
export async function fillRetired(
  connection: DuckDBConnection,
  loadId: string,
  staged: Staged,
  from: string,
): Promise<number> {
  const fillable = mergedFields(staged).filter(({ field }) => retiredFields.includes(field));
  if (fillable.length === 0) return 0;
  const isFilled = ({ field, has }: MergedField) => `(${has}t.${field} is null and s.${field} is not null)`;
  return changedRows(
    connection,
    `update ${table} t set ${fillable.map((one) => `${one.field} = if(${isFilled(one)}, s.${one.field}, t.${one.field})`).join(", ")},
       _load_id = ${sqlLiteral(loadId)}, _loaded_at = now()
     from ${from} s where s.${key} = t.${key} and (${fillable.map(isFilled).join(" or ")})`,
  );
}

type MergedField = { field: Field; has: string };

/** The fields that a load may change, each with the condition that the staged row has it: none where all have it. */
function mergedFields(staged: Staged): MergedField[] {
  const lacking = new Map(staged.missing.map(({ field, rows }) => [field, rows]));
  return fields
    .filter((field) => field !== key && (lacking.get(field) ?? 0) < Math.max(staged.rows, 1))
    .map((field) => ({
      field,
      has: lacking.has(field) ? `s._missing & ${bitOf(field)} = 0 and ` : "",
    }));
}

async function changedRows(connection: DuckDBConnection, sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).value(0, 0));
}
