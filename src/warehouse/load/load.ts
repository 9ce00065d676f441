import type { DuckDBConnection } from "@duckdb/node-api";
import type { Field } from "../../pipeline/dataset/complaints.ts";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import type { Evidence, LoadRequest, LoadResult } from "../../pipeline/flow/steps.ts";
import { isSuspicious, reconcile } from "../../pipeline/load/reconcile.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { PipelineError } from "../../run/errors.ts";
import { type DatedLoad, dayOfReceipt, lastReads } from "./last-reads.ts";
import { liveIn, merge } from "./merge.ts";
import type { Staged } from "./staging.ts";

const { table, rejected: rejectedTable, changes: changesTable, key } = complaints;

/**
 * Merges what was staged, reconciles and writes the ledger in one transaction (invariant 1). Writes nothing where the ledger has the load
 * already. What throws leaves the transaction open: the connection's end rolls it back.
 */
export async function mergeLoad(
  connection: DuckDBConnection,
  loadId: string,
  request: LoadRequest,
  extracted: Evidence,
  staged: Staged,
  { task, signal, report }: TaskContext,
): Promise<LoadResult> {
  await connection.run("begin");
  // Between two statements there is nothing to interrupt.
  signal.throwIfAborted();
  const { unknown, missing, responses } = staged;
  const landedBefore = await readLoad(connection, loadId);
  if (landedBefore !== null) {
    await connection.run("rollback");
    return { ...landedBefore, fields: { unknown, missing, emptied: [], responses } };
  }
  if (isSuspicious(staged.rejected, staged.rejected + staged.rows))
    throw await rowsUnreadable(connection, request, staged);
  const { rejected, rows, unidentified } = staged;
  const { askedOn } = extracted;
  const liveBefore = await countRows(connection, liveIn(request));
  const emptied = await emptiedFields(connection, request, staged, liveBefore);
  const kept: Staged = { ...staged, missing: [...staged.missing, ...emptied] };
  const { inserted, updated } = await merge(connection, { loadId, askedOn }, request, kept, liveBefore);
  if (rejected > 0) await keepRejected(connection, loadId, request, staged);
  // Rejected rows are neither withdrawn nor counted as live: the source has them.
  const countLive = () => countRows(connection, liveAndKept(request, staged));
  let live = await countLive();
  // A row without an id may be any of those that seem to be gone: a withdrawal needs evidence (invariant 12).
  const deleted = unidentified > 0 ? 0 : Math.max(live - rows, 0);
  if (deleted > 0) {
    await withdraw(connection, { loadId, askedOn }, request, staged, { gone: deleted, liveBefore });
    live = await countLive();
  }
  const counts = { inserted, updated, deleted, unchanged: rows - inserted - updated };
  report({ type: "load.merged", task, ...counts });
  report({ type: "load.reconciled", task, expected: extracted.expected, live });
  const difference = reconcile({ expected: extracted.expected, staged: rows, rejected, unidentified, live });
  if (difference !== null) throw reconcileFailed(request, difference);
  const loadNo = await writeLedger(connection, loadId, request, extracted, { ...counts, rejected, live });
  signal.throwIfAborted();
  await connection.run("commit");
  report({ type: "load.committed", task, loadId });
  const fields = { unknown, missing, emptied, responses };
  return { loadId, loadNo, expected: extracted.expected, ...counts, rejected, fields };
}

/**
 * Fields that over a tenth of the stored rows have a value of, and none of the rows that came: the source lost them, whatever it says.
 * They are treated like keys that are absent.
 */
async function emptiedFields(
  connection: DuckDBConnection,
  request: LoadRequest,
  { empty, rows }: Staged,
  liveBefore: number,
): Promise<{ field: Field; rows: number }[]> {
  if (empty.length === 0 || liveBefore === 0) return [];
  const counts = empty.map((field) => `count(${field})`).join(", ");
  const filled = await connection.runAndReadAll(`select ${counts} from ${table} where ${liveIn(request)}`);
  return empty.filter((_, i) => Number(filled.value(i, 0)) > liveBefore / 10).map((field) => ({ field, rows }));
}

type Counts = Pick<LoadResult, "inserted" | "updated" | "deleted" | "unchanged">;

/** Marks live rows that the source no longer shows as withdrawn; `gone` is how many they are. */
async function withdraw(
  connection: DuckDBConnection,
  { loadId, askedOn }: DatedLoad,
  request: LoadRequest,
  staged: Staged,
  { gone, liveBefore }: { gone: number; liveBefore: number },
): Promise<void> {
  if (!request.acceptWithdrawals && isSuspicious(gone, liveBefore)) throw withdrawalsRefused(request, gone, liveBefore);
  const isGone = `${liveAndKept(request, staged)} and ${key} not in (select ${key} from ${staged.from})`;
  await connection.run(`
    create temp table gone as
    select ${key}, company, ${dayOfReceipt} as received_on from ${table} where ${isGone}`);
  const looked = await lastReads(connection, { askedOn }, "gone_looks", "select company, received_on as day from gone");
  await connection.run(`
    insert into ${changesTable}
      (${key}, field, old_value, new_value, changed_on, _load_id, _loaded_at, unchanged_until, received_on)
    select g.${key}, '_withdrawn', 'false', 'true', ${sqlLiteral(askedOn)}, ${sqlLiteral(loadId)}, now(), l.last_look, g.received_on
    from gone g left join ${looked} l on l.company = g.company and l.day = g.received_on`);
  await connection.run(`
    update ${table} set _deleted_at = now(), _loaded_at = now(), _load_id = ${sqlLiteral(loadId)} where ${isGone}`);
}

async function keepRejected(
  connection: DuckDBConnection,
  loadId: string,
  { company }: LoadRequest,
  { rejectedFrom }: Staged,
): Promise<void> {
  await connection.run(`
    insert into ${rejectedTable}
    select ${sqlLiteral(loadId)}, ${sqlLiteral(company)}, reason, _raw, now() from ${rejectedFrom}`);
}

async function countRows(connection: DuckDBConnection, condition: string): Promise<number> {
  const result = await connection.runAndReadAll(`select count(*) from ${table} where ${condition}`);
  return Number(result.value(0, 0));
}

/** Live rows of the load that are not rejected today, as a condition. */
function liveAndKept(request: LoadRequest, { rejected, rejectedFrom }: Staged): string {
  const live = liveIn(request);
  if (rejected === 0) return live;
  return `${live} and ${key} not in (select ${key} from ${rejectedFrom} where ${key} is not null)`;
}

async function writeLedger(
  connection: DuckDBConnection,
  loadId: string,
  { runId, company, names, window, source }: LoadRequest,
  extracted: Evidence,
  counts: Counts & { rejected: number; live: number },
): Promise<number> {
  const { inserted, updated, deleted, unchanged, rejected, live } = counts;
  const indexed = extracted.lastIndexed === null ? "null" : sqlLiteral(extracted.lastIndexed);
  await connection.run(`
    insert into pipeline.loads
    select coalesce(max(load_no), 0) + 1, ${sqlLiteral(loadId)}, ${sqlLiteral(runId)}, ${sqlLiteral(company)},
      [${names.map(sqlLiteral).join(", ")}], ${sqlLiteral(window.from)}, ${sqlLiteral(window.to)}, ${indexed},
      ${extracted.expected}, ${inserted}, ${updated}, ${deleted}, ${unchanged}, ${rejected}, ${live}, now(), ${sqlLiteral(extracted.askedOn)}, ${sqlLiteral(source)}
    from pipeline.loads`);
  const number = await connection.runAndReadAll("select max(load_no) from pipeline.loads");
  return Number(number.value(0, 0));
}

/** What the ledger says of a load; null where it is not there. */
async function readLoad(connection: DuckDBConnection, loadId: string): Promise<Omit<LoadResult, "fields"> | null> {
  const result = await connection.runAndReadAll(`
    select load_no, expected, inserted, updated, deleted, unchanged, rejected from pipeline.loads
    where load_id = ${sqlLiteral(loadId)}`);
  const [row] = result.getRows();
  if (row === undefined) return null;
  const [loadNo, expected, inserted, updated, deleted, unchanged, rejected] = row.map(Number) as Seven;
  return { loadId, loadNo, expected, inserted, updated, deleted, unchanged, rejected };
}

type Seven = [number, number, number, number, number, number, number];

async function rowsUnreadable(
  connection: DuckDBConnection,
  { company }: LoadRequest,
  { rejected, rejectedFrom, rows }: Staged,
): Promise<PipelineError> {
  const reasons = await connection.runAndReadAll(
    `select reason, count(*) from ${rejectedFrom} group by reason order by count(*) desc, reason limit 5`,
  );
  const all = rejected + rows;
  const why = reasons
    .getRows()
    .map(([reason, number]) => `${reason} (in ${number} of ${all} rows)`)
    .join("; ");
  return new PipelineError({
    code: "rows_unreadable",
    message: `Of the ${all} rows of "${company}", ${rejected} cannot be read as complaints: ${why}.`,
    data: "The load was rolled back; what was loaded before stands.",
    next: "The source has changed its rows: look for a newer version of this program.",
  });
}

function reconcileFailed({ company }: LoadRequest, difference: string): PipelineError {
  return new PipelineError({
    code: "reconcile_failed",
    message: `The load of "${company}" does not add up: ${difference}.`,
    data: "The load was rolled back; what was loaded before stands.",
    next: "Run again: the same days are read anew. If it stays, the source contradicts itself today.",
  });
}

function withdrawalsRefused({ company, window }: LoadRequest, deleted: number, live: number): PipelineError {
  return new PipelineError({
    code: "withdrawals_refused",
    message:
      `The source no longer shows ${deleted.toLocaleString("en-US")} of the ${live.toLocaleString("en-US")} complaints ` +
      `of "${company}" from ${window.from} to ${window.to}, which is more than is usual.`,
    data: "The load was rolled back; nothing was withdrawn.",
    next: "Look at the source; if it really withdrew them, run again with --accept-withdrawals.",
  });
}
