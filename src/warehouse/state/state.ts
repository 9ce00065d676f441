import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import type { Commit, CommittedLoad, PendingBuild, RetriedRun } from "../../pipeline/flow/values.ts";
import type { MartsBuild } from "../../pipeline/manifest.ts";
import { isEvery } from "../../pipeline/names/every.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { Window } from "../../pipeline/window/days.ts";
import {
  type CompanyState,
  loadedNames,
  type NameDays,
  type Remembered,
  rangeNames,
  type StoredCompany,
} from "../../pipeline/window/window.ts";
import { warehouseGone } from "../duckdb/failures.ts";

const { table } = complaints;

export async function readRemembered(connection: DuckDBConnection): Promise<Remembered> {
  const result = await connection.runAndReadAll(
    "select company, to_json(names), loaded_from::varchar, loaded_through::varchar from pipeline.state order by company",
  );
  const days = await readLoadedDays(connection);
  const live = await readLiveRows(connection);
  const companies = result.getRows().map(([company, names, loadedFrom, loadedThrough]): StoredCompany => {
    const state = {
      company: String(company),
      names: JSON.parse(String(names)) as string[],
      loadedFrom: String(loadedFrom),
      loadedThrough: String(loadedThrough),
    };
    const loaded = days === null ? claimed(state) : (days.get(state.company) ?? []);
    const held = isEvery(state.names) ? [...live.keys()] : loadedNames({ ...state, loaded });
    const rowsByName = held.map((name) => ({ name, rows: live.get(name) ?? 0 }));
    return { ...state, loaded, rowsByName, rows: rowsByName.reduce((sum, { rows }) => sum + rows, 0) };
  });
  const held = new Set(companies.flatMap(({ rowsByName }) => rowsByName.map(({ name }) => name)));
  const untracked = [...live].filter(([name]) => !held.has(name)).map(([name, rows]) => ({ name, rows }));
  return { companies, untracked, index: await readIndexState(connection) };
}

/** Null in a file that is only looked at and of a version without it. */
async function readIndexState(connection: DuckDBConnection): Promise<Remembered["index"]> {
  if (!(await hasTable(connection, "index_states"))) return null;
  const result = await connection.runAndReadAll(
    "select source, rows::double, last_indexed from pipeline.index_states order by seen_at desc limit 1",
  );
  const [last] = result.getRows();
  if (last === undefined) return null;
  const [source, rows, lastIndexed] = last;
  return {
    source: String(source),
    rows: rows === null ? null : Number(rows),
    lastIndexed: lastIndexed === null ? null : String(lastIndexed),
  };
}

async function writeIndexState(
  connection: DuckDBConnection,
  { source, rows, lastIndexed }: NonNullable<Commit["index"]>,
): Promise<void> {
  const indexed = lastIndexed === null ? "null" : sqlLiteral(lastIndexed);
  await connection.run(`delete from pipeline.index_states where source = ${sqlLiteral(source)}`);
  await connection.run(
    `insert into pipeline.index_states values (${sqlLiteral(source)}, ${rows ?? "null"}, ${indexed}, now())`,
  );
}

async function hasTable(connection: DuckDBConnection, name: string): Promise<boolean> {
  const known = await connection.runAndReadAll(
    `select 1 from duckdb_tables() where schema_name = 'pipeline' and table_name = ${sqlLiteral(name)}`,
  );
  return known.currentRowCount > 0;
}

async function readLiveRows(connection: DuckDBConnection): Promise<Map<string, number>> {
  const result = await connection.runAndReadAll(
    `select company, count(*) from ${table} where _deleted_at is null group by company order by company`,
  );
  return new Map(result.getRows().map(([company, rows]) => [String(company), Number(rows)]));
}

/** The days that a state speaks of, where nothing says more. */
function claimed({ names, loadedFrom: from, loadedThrough: to }: Omit<CompanyState, "loaded">): NameDays[] {
  return rangeNames(names).map((name) => ({ name, days: [{ from, to }] }));
}

/** The days that were read of each company's names; null in a file that is only looked at and of a version without them. */
async function readLoadedDays(connection: DuckDBConnection): Promise<Map<string, NameDays[]> | null> {
  if (!(await hasTable(connection, "loaded_days"))) return null;
  const result = await connection.runAndReadAll(`
    select company, name, to_json(list({"from": range_from::varchar, "to": range_to::varchar} order by range_from))
    from pipeline.loaded_days group by all order by all`);
  const days = new Map<string, NameDays[]>();
  for (const [company, name, ranges] of result.getRows()) {
    const one: NameDays = { name: String(name), days: JSON.parse(String(ranges)) as Window[] };
    days.set(String(company), [...(days.get(String(company)) ?? []), one]);
  }
  return days;
}

/** The tables that the last build made for readers; null where there was none, or one of a version that did not keep them. */
export async function readMarts(connection: DuckDBConnection): Promise<string[] | null> {
  const result = await connection.runAndReadAll(
    "select to_json(marts) from pipeline.transforms order by finished_at desc, through_load_no desc limit 1",
  );
  const [last] = result.getRows();
  return last?.[0] == null ? null : (JSON.parse(String(last[0])) as string[]);
}

/** The last build of the marts that succeeded; null where they were never built. */
export async function readLastBuild(connection: DuckDBConnection): Promise<MartsBuild | null> {
  const result = await connection.runAndReadAll(
    "select run_id, through_load_no, project from pipeline.transforms order by finished_at desc, through_load_no desc limit 1",
  );
  const [last] = result.getRows();
  if (last === undefined) return null;
  return { runId: String(last[0]), throughLoadNo: Number(last[1]), project: String(last[2]) };
}

/** What dbt has not seen: loads that changed something since its last success, or another project (invariant 3). */
export async function readPendingBuild(connection: DuckDBConnection, project: string): Promise<PendingBuild> {
  const last = await readLastBuild(connection);
  if (last === null) return { isPending: true, reason: "the marts were never built" };
  const unseen = await connection.runAndReadAll(
    `select count(*) from pipeline.loads where load_no > ${last.throughLoadNo} and inserted + updated + deleted > 0`,
  );
  const loads = Number(unseen.value(0, 0));
  if (loads > 0) return { isPending: true, reason: `${loads} loads with changes since the marts were built` };
  if (last.project !== project) return { isPending: true, reason: "the dbt project changed" };
  return { isPending: false, reason: "nothing new" };
}

/**
 * The loads that do what a run left over, of each scope and window the last one, newest first: its own, or those since then through the same
 * day or a later one.
 */
export async function readLoadsFor(
  connection: DuckDBConnection,
  retry: RetriedRun,
  source: string,
): Promise<CommittedLoad[]> {
  const own = `run_id in (${retry.runIds.map(sqlLiteral).join(", ")})`;
  const others = `loaded_at >= ${sqlLiteral(retry.since)}::timestamptz and window_to >= ${sqlLiteral(retry.asOf)}::date
    and source = ${sqlLiteral(source)}`;
  return readLoads(connection, `${own}${retry.acceptsOtherLoads ? ` or (${others})` : ""}`);
}

/**
 * The loads of parts of windows that no run has ended, newest first. Left out are days that were within the look-back when they were read, which are
 * read again anyway; parts that hold or rejected rows, about which the source may say something else now; and what came before a reset.
 */
export async function readUnfinishedLoads(
  connection: DuckDBConnection,
  companies: readonly string[],
  source: string,
  lookBackDays: number,
): Promise<CommittedLoad[]> {
  const texts = `[${companies.map(sqlLiteral).join(", ")}]::varchar[]`;
  return readLoads(
    connection,
    `scope <> company and list_contains(${texts}, company) and source = ${sqlLiteral(source)} and window_to < asked_on - ${lookBackDays}
       and rejected = 0 and coalesce(held, 0) = 0
       and load_no > coalesce((select max(through_load_no) from pipeline.resets r where r.company = l.company), 0)`,
  );
}

/** The loads of a condition, of each scope and window the last one, newest first. A part whose days were read again since is not what is there now. */
async function readLoads(connection: DuckDBConnection, condition: string): Promise<CommittedLoad[]> {
  const result = await connection.runAndReadAll(`
    select to_json({company: company, scope: scope, names: names, "window": {"from": window_from::varchar, "to": window_to::varchar},
      result: {loadId: load_id, loadNo: load_no, expected: expected, inserted: inserted, updated: updated, deleted: deleted,
        unchanged: unchanged, rejected: rejected, held: coalesce(held, 0)}})
    from pipeline.loads l
    where (${condition}) and (scope = company or not exists (
      from pipeline.loads later where later.company = l.company and later.load_no > l.load_no and later.scope <> l.scope
        and later.window_from <= l.window_to and later.window_to >= l.window_from))
    qualify row_number() over (partition by company, scope, window_from, window_to order by load_no desc) = 1
    order by load_no desc`);
  const fields = { unknown: [], missing: [], emptied: [], responses: [] };
  return result.getRows().map(([load]) => {
    const { result: counts, ...rest } = JSON.parse(String(load)) as CommittedLoad;
    return { ...rest, result: { ...counts, fields } };
  });
}

/** Which run the last load was of, and which source it read; that is null of a version that did not keep it. */
export async function readLastLoad(
  connection: DuckDBConnection,
): Promise<{ runId: string; source: string | null } | null> {
  const result = await connection.runAndReadAll(
    "select run_id, source from pipeline.loads order by load_no desc limit 1",
  );
  const [last] = result.getRows();
  return last === undefined ? null : { runId: String(last[0]), source: last[1] === null ? null : String(last[1]) };
}

/** Whether the last load of each company read this index. */
export async function readHasLoadedIndex(
  connection: DuckDBConnection,
  index: string,
  companies: readonly string[],
): Promise<boolean> {
  const read = await connection.runAndReadAll(`
    select count(*) from (
      select company, last_indexed from pipeline.loads qualify row_number() over (partition by company order by load_no desc) = 1)
    where last_indexed = ${sqlLiteral(index)} and company in (${companies.map(sqlLiteral).join(", ")})`);
  return Number(read.value(0, 0)) === companies.length;
}

/** Throws `warehouse_failed` where one of these loads is not in the ledger. */
export async function checkLoads(
  connection: DuckDBConnection,
  path: string,
  loadIds: readonly string[],
): Promise<void> {
  const ids = `[${loadIds.map(sqlLiteral).join(", ")}]::varchar[]`;
  const held = await connection.runAndReadAll(
    `select count(distinct load_id) from pipeline.loads where list_contains(${ids}, load_id)`,
  );
  if (Number(held.value(0, 0)) !== new Set(loadIds).size) throw warehouseGone(path);
}

/** Watermarks, and what the marts show now, in one transaction. Throws where the ledger lacks one of the loads behind them. */
export async function writeCommit(connection: DuckDBConnection, path: string, commit: Commit): Promise<void> {
  const { runId, companies, loadIds, index, built } = commit;
  await connection.run("begin");
  await checkLoads(connection, path, loadIds);
  for (const { company, loadId, state } of companies) {
    await connection.run(`delete from pipeline.state where company = ${sqlLiteral(company)}`);
    await connection.run(`
      insert into pipeline.state values (${sqlLiteral(company)}, [${state.names.map(sqlLiteral).join(", ")}]::varchar[],
        ${sqlLiteral(state.loadedFrom)}, ${sqlLiteral(state.loadedThrough)}, ${sqlLiteral(loadId)}, ${sqlLiteral(runId)}, now())`);
    const ranges = state.loaded.flatMap(({ name, days }) =>
      days.map(({ from, to }) => `(${[company, name, from, to].map(sqlLiteral).join(", ")})`),
    );
    await connection.run(`delete from pipeline.loaded_days where company = ${sqlLiteral(company)}`);
    await connection.run(`insert into pipeline.loaded_days values ${ranges.join(", ")}`);
  }
  if (index !== null) await writeIndexState(connection, index);
  if (built !== null) {
    await connection.run(`
      insert into pipeline.transforms
      select ${sqlLiteral(runId)}, coalesce(max(load_no), 0), ${sqlLiteral(built.project)}, now(),
        [${built.marts.map(sqlLiteral).join(", ")}]::varchar[] from pipeline.loads`);
  }
  await connection.run("commit");
}
