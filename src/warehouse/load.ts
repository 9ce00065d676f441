import type { DuckDBConnection } from "@duckdb/node-api";
import { PipelineError } from "../pipeline/errors.ts";
import { literal } from "../pipeline/literal.ts";
import type { Extracted, LoadRequest, LoadResult, TaskContext } from "../pipeline/ports.ts";
import { isSuspicious, reconcile } from "../pipeline/reconcile.ts";
import { type Field, fields } from "./fields.ts";
import { bitOf, checkFilters, type Staged } from "./staging.ts";

/**
 * Merges what was staged, reconciles and writes the ledger in one transaction (invariant 1). What throws leaves the
 * transaction open: the connection's end rolls it back.
 */
export async function mergeLoad(
  connection: DuckDBConnection,
  loadId: string,
  request: LoadRequest,
  extracted: Extracted,
  staged: Staged,
  { task, signal, report }: TaskContext,
): Promise<LoadResult> {
  const { names, window } = request;
  await connection.run("begin");
  // Between two statements there is nothing to interrupt.
  signal.throwIfAborted();
  await checkFilters(connection, names, window);
  if (isSuspicious(staged.rejected, staged.rejected + staged.rows))
    throw await rowsUnreadable(connection, request, staged);
  const counts = await merge(connection, loadId, request, staged);
  report({ type: "load.merged", task, ...counts });
  const live = await countRows(connection, `${liveIn(request)} and complaint_id not in (${known})`);
  report({ type: "load.reconciled", task, expected: extracted.expected, live });
  const { rejected, rows, unidentified } = staged;
  const difference = reconcile({ expected: extracted.expected, staged: rows, rejected, unidentified, live });
  if (difference !== null) throw reconcileFailed(request, difference);
  const loadNo = await writeLedger(connection, loadId, request, extracted, { ...counts, rejected, live });
  signal.throwIfAborted();
  await connection.run("commit");
  report({ type: "load.committed", task, loadId });
  const { unknown, missing } = staged;
  return { loadId, loadNo, expected: extracted.expected, ...counts, rejected, fields: { unknown, missing } };
}

type Counts = Pick<LoadResult, "inserted" | "updated" | "deleted" | "unchanged">;

async function merge(
  connection: DuckDBConnection,
  loadId: string,
  request: LoadRequest,
  staged: Staged,
): Promise<Counts> {
  const liveBefore = await countRows(connection, liveIn(request));
  const merged = mergedFields(staged);
  const differs = merged.map(({ field, has }) => `(${has}t.${field} is distinct from s.${field})`);
  // MERGE does not count, nor say what it replaced: which rows change is decided first.
  await connection.run(`
    create temp table change as
    select s.rowid as staged_row, s.complaint_id, t.complaint_id is null as is_new, ${replacedSql(merged)} as replaced
    from staged s left join raw.cfpb_complaints t on t.complaint_id = s.complaint_id
    where t.complaint_id is null or t._deleted_at is not null
      or (s._extra is not null and t._extra is distinct from s._extra)
      or ${differs.join(" or ")}`);
  const changes = await connection.runAndReadAll("select count(*) filter (is_new), count(*) from change");
  const [inserted = 0, changed = 0] = changes.getRows()[0]!.map(Number);

  const assigned = merged.map(
    ({ field, has }) => `${field} = ${has ? `if(${has}true, s.${field}, t.${field})` : `s.${field}`}`,
  );
  if (changed > inserted) await keepReplaced(connection, loadId, request);
  const firstSeen = await firstSeenSql(connection, request);
  const mergeSql = `
    merge into raw.cfpb_complaints t
    using (select staged.* from staged join change on change.staged_row = staged.rowid) s
    on t.complaint_id = s.complaint_id
    when matched then update set ${assigned.join(", ")}, _extra = coalesce(s._extra, t._extra),
      _load_id = ${literal(loadId)}, _loaded_at = now(), _deleted_at = null
    when not matched then insert (${fields.join(", ")}, _extra, _load_id, _loaded_at, _first_seen_on)
      values (${fields.map((field) => `s.${field}`).join(", ")}, s._extra, ${literal(loadId)}, now(), ${firstSeen})`;
  if (changed > 0) await connection.run(mergeSql);

  if (staged.rejected > 0) {
    await connection.run(`
      insert into raw.cfpb_complaints_rejected
      select ${literal(loadId)}, ${literal(request.company)}, reason, _raw, now() from rejected`);
  }
  const gone = `${liveIn(request)}
    and complaint_id not in (select complaint_id from staged) and complaint_id not in (${known})`;
  // A row without an id may be any of those that seem to be gone: a withdrawal needs evidence (invariant 12).
  const deleted = staged.unidentified > 0 ? 0 : await countRows(connection, gone);
  if (!request.acceptWithdrawals && isSuspicious(deleted, liveBefore)) {
    throw withdrawalsRefused(request, deleted, liveBefore);
  }
  if (deleted > 0) {
    await connection.run(`
      update raw.cfpb_complaints set _deleted_at = now(), _loaded_at = now(), _load_id = ${literal(loadId)}
      where ${gone}`);
  }
  return { inserted, updated: changed - inserted, deleted, unchanged: staged.rows - changed };
}

type MergedField = { field: Field; has: string };

/** The values that a staged row replaces, as a list: once merged, the old ones are gone. */
function replacedSql(merged: readonly MergedField[]): string {
  const changes = merged.map(
    ({ field, has }) =>
      `{field: '${field}', old: t.${field}::varchar, new: s.${field}::varchar, differs: ${has}t.${field} is distinct from s.${field}}`,
  );
  return `if(t.complaint_id is null, [], list_filter([${changes.join(", ")}], lambda c: c.differs))`;
}

async function keepReplaced(connection: DuckDBConnection, loadId: string, { window }: LoadRequest): Promise<void> {
  await connection.run(`
    insert into raw.cfpb_complaint_changes
    select complaint_id, r.field, r.old, r.new, ${literal(window.to)}::date, ${literal(loadId)}, now()
    from (select complaint_id, unnest(replaced) as r from change)`);
}

/** The day a new row appeared, as SQL: known for days that an earlier load of the company had looked at. */
async function firstSeenSql(connection: DuckDBConnection, { company, window }: LoadRequest): Promise<string> {
  const earlier = await connection.runAndReadAll(
    `select min(window_from)::varchar from pipeline.loads where company = ${literal(company)}`,
  );
  const from = earlier.value(0, 0);
  return from === null
    ? "null"
    : `if(s.date_received >= ${literal(String(from))}::date, ${literal(window.to)}::date, null)`;
}

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

/** Live rows of the load's names and days. */
function liveIn({ names, window }: LoadRequest): string {
  return `company in (${names.map(literal).join(", ")}) and _deleted_at is null
    and date_received >= ${literal(window.from)}::date and date_received < ${literal(window.to)}::date + 1`;
}

async function countRows(connection: DuckDBConnection, condition: string): Promise<number> {
  const result = await connection.runAndReadAll(`select count(*) from raw.cfpb_complaints where ${condition}`);
  return Number(result.value(0, 0));
}

/** Rejected rows are neither withdrawn nor counted as live: the source has them. */
const known = "select complaint_id from rejected where complaint_id is not null";

async function writeLedger(
  connection: DuckDBConnection,
  loadId: string,
  { runId, company, names, window }: LoadRequest,
  extracted: Extracted,
  counts: Counts & { rejected: number; live: number },
): Promise<number> {
  const { inserted, updated, deleted, unchanged, rejected, live } = counts;
  const indexed = extracted.lastIndexed === null ? "null" : literal(extracted.lastIndexed);
  await connection.run(`
    insert into pipeline.loads
    select coalesce(max(load_no), 0) + 1, ${literal(loadId)}, ${literal(runId)}, ${literal(company)},
      [${names.map(literal).join(", ")}], ${literal(window.from)}, ${literal(window.to)}, ${indexed},
      ${extracted.expected}, ${inserted}, ${updated}, ${deleted}, ${unchanged}, ${rejected}, ${live}, now()
    from pipeline.loads`);
  const number = await connection.runAndReadAll("select max(load_no) from pipeline.loads");
  return Number(number.value(0, 0));
}

async function rowsUnreadable(
  connection: DuckDBConnection,
  { company }: LoadRequest,
  { rejected, rows }: Staged,
): Promise<PipelineError> {
  const reasons = await connection.runAndReadAll("select distinct reason from rejected order by 1");
  const why = reasons.getRows().flat().join(", ");
  return new PipelineError({
    code: "rows_unreadable",
    what: `Of the ${rejected + rows} rows of "${company}", ${rejected} cannot be read as complaints: ${why}.`,
    data: "The load was rolled back; what was loaded before stands.",
    next: "The source has changed its rows: look for a newer version of this program.",
  });
}

function reconcileFailed({ company }: LoadRequest, difference: string): PipelineError {
  return new PipelineError({
    code: "reconcile_failed",
    what: `The load of "${company}" does not add up: ${difference}.`,
    data: "The load was rolled back; what was loaded before stands.",
    next: "Run again: the same days are read anew. If it stays, the source contradicts itself today.",
  });
}

function withdrawalsRefused({ company, window }: LoadRequest, deleted: number, live: number): PipelineError {
  return new PipelineError({
    code: "withdrawals_refused",
    what:
      `The source no longer shows ${deleted.toLocaleString("en-US")} of the ${live.toLocaleString("en-US")} complaints ` +
      `of "${company}" from ${window.from} to ${window.to}, which is more than is usual.`,
    data: "The load was rolled back; nothing was withdrawn.",
    next: "Look at the source; if it really withdrew them, run again with --accept-withdrawals.",
  });
}
