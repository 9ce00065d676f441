import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints, type Field } from "../../pipeline/dataset/complaints.ts";
import type { Evidence, LoadRequest, LoadResult } from "../../pipeline/flow/values.ts";
import { isSuspicious, reconcile } from "../../pipeline/load/reconcile.ts";
import type { Scope } from "../../pipeline/scope/scope.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Staged } from "../staging/staging.ts";
import { leaveLater } from "./later-loads.ts";
import { readLoad, writeLedger } from "./ledger.ts";
import { loadIdOf } from "./load-id.ts";
import { fillRetired, merge } from "./merge.ts";
import { type Days, isLiveIn } from "./scope-sql.ts";
import { findGone, forgetHeld, holdGone, withdrawalsRefused, withdrawGone } from "./withdraw.ts";

const { table, rejected: rejectedTable, key } = complaints;

const rolledBack = "The load was rolled back; what was loaded before stands.";

/**
 * Merges what was staged, reconciles and writes the ledger in one transaction (invariant 1). Writes nothing where the ledger has the load
 * already. Where the scope is a part of its window, what it would withdraw is held until the window is reconciled. What throws leaves the
 * transaction open: the connection's end rolls it back.
 */
export async function mergeLoad(
  connection: DuckDBConnection,
  { scope, window: all, runId, source, withdrawals, file }: LoadRequest,
  evidence: Evidence,
  staged: Staged,
  { task, attempt, signal, report }: TaskContext,
): Promise<LoadResult> {
  await connection.run("begin");
  // Between two statements there is nothing to interrupt.
  signal.throwIfAborted();
  const { unknown, missing, responses, rejected, rows, unidentified } = staged;
  const { company, names, window } = scope;
  const isWhole = window.from === all.from && window.to === all.to;
  const loadId = loadIdOf(runId, company, scope.id, attempt);
  const identity = { loadId, runId, company, scope: scope.id, names, window, source, isImport: file !== undefined };
  const landedBefore = await readLoad(connection, identity);
  if (landedBefore !== null) {
    await connection.run("rollback");
    return { ...landedBefore, fields: { unknown, missing, emptied: [], responses } };
  }
  if (isWhole && isSuspicious(rejected, rejected + rows)) {
    throw await rowsUnreadable(connection, scope, staged, rolledBack);
  }
  const { askedOn } = evidence;
  const isClosed = evidence.expected === null;
  // Of a closed file counts what is of the scope, and what it has twice once.
  const expected = evidence.expected ?? staged.records! - staged.outside - staged.repeated;
  const everything = { from: staged.from, rows, leftFrom: null, isJudged: "true" };
  const taken = isClosed ? await leaveLater(connection, staged, scope, askedOn) : everything;
  const liveBefore = await countRows(connection, isLiveIn(scope));
  const liveInAll = isWhole ? liveBefore : await countRows(connection, isLiveIn({ names, window: all }));
  const emptied = await emptiedFields(connection, { names, window: all }, staged, liveInAll);
  const kept: Staged = { ...staged, from: taken.from, missing: [...staged.missing, ...emptied] };
  const { inserted, updated } = await merge(connection, { loadId, askedOn }, scope, kept, liveBefore);
  const filled =
    file !== undefined && taken.leftFrom !== null ? await fillRetired(connection, loadId, staged, taken.leftFrom) : 0;
  if (rejected > 0) await keepRejected(connection, loadId, scope, staged);
  // Rejected rows are neither withdrawn nor counted as live: the source has them.
  const isCounted = `${liveAndKept(scope, staged)} and ${taken.isJudged}`;
  const countLive = () => countRows(connection, isCounted);
  let live = await countLive();
  // A row without an id may be any of those that seem to be gone: a withdrawal needs evidence (invariant 12).
  const keepsGone = unidentified > 0 || withdrawals === "none";
  const gone = keepsGone ? 0 : Math.max(live - taken.rows, 0);
  if (gone > 0) {
    if (isWhole && withdrawals === "usual" && isSuspicious(gone, liveBefore)) {
      throw withdrawalsRefused(scope, gone, liveBefore, "The load was rolled back; nothing was withdrawn.");
    }
    await findGone(connection, `${isCounted} and ${key} not in (select ${key} from ${taken.from})`, askedOn);
  }
  await forgetHeld(connection, scope);
  if (gone > 0) {
    await (isWhole ? withdrawGone : holdGone)(connection, loadId);
    live = await countLive();
  }
  const held = isWhole ? 0 : gone;
  const counts = {
    ...{ inserted, updated: updated + filled, deleted: gone - held },
    unchanged: rows - inserted - updated - filled,
  };
  report({ type: "load.merged", task, ...counts });
  const judged = expected - (rows - taken.rows);
  report({ type: "load.reconciled", task, expected: judged, live: live - held });
  const difference = reconcile({
    ...{ expected: judged, staged: taken.rows, rejected },
    ...{ live: live - held, keepsGone },
  });
  if (difference !== null) throw reconcileFailed(scope, difference, rolledBack);
  const numbers = { ...counts, rejected, held, live, liveBefore: liveInAll, unidentified };
  const loadNo = await writeLedger(connection, identity, { ...evidence, expected }, numbers);
  signal.throwIfAborted();
  await connection.run("commit");
  report({ type: "load.committed", task, loadId });
  return { loadId, loadNo, expected, ...counts, rejected, held, fields: { unknown, missing, emptied, responses } };
}

/**
 * Fields that over a tenth of the window's stored rows have a value of, and none of the rows that came: the source lost them, whatever it says.
 * They are treated like keys that are absent.
 */
async function emptiedFields(
  connection: DuckDBConnection,
  scope: Days,
  { empty, rows }: Staged,
  liveBefore: number,
): Promise<{ field: Field; rows: number }[]> {
  if (empty.length === 0 || liveBefore === 0) return [];
  const counts = empty.map((field) => `count(${field})`).join(", ");
  const filled = await connection.runAndReadAll(`select ${counts} from ${table} where ${isLiveIn(scope)}`);
  return empty.filter((_, i) => Number(filled.value(i, 0)) > liveBefore / 10).map((field) => ({ field, rows }));
}

async function keepRejected(
  connection: DuckDBConnection,
  loadId: string,
  { company }: Scope,
  { rejectedFrom }: Staged,
): Promise<void> {
  await connection.run(`
    insert into ${rejectedTable} (load_id, company, reason, row_text, rejected_at, ${key})
    select ${sqlLiteral(loadId)}, ${sqlLiteral(company)}, reason, _raw, now(), ${key} from ${rejectedFrom}`);
}

export async function countRows(connection: DuckDBConnection, condition: string): Promise<number> {
  const result = await connection.runAndReadAll(`select count(*) from ${table} where ${condition}`);
  return Number(result.value(0, 0));
}

/** Live rows of the load that are not rejected today, as a condition. */
function liveAndKept(scope: Days, { rejected, rejectedFrom }: Staged): string {
  const live = isLiveIn(scope);
  if (rejected === 0) return live;
  return `${live} and ${key} not in (select ${key} from ${rejectedFrom} where ${key} is not null)`;
}

/** `data` says what became of the rows that can be read. */
export async function rowsUnreadable(
  connection: DuckDBConnection,
  { company }: { company: string },
  { rejected, rejectedFrom, rows }: Pick<Staged, "rejected" | "rejectedFrom" | "rows">,
  data: string,
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
    data,
    next: "The source has changed its rows: look for a newer version of this program.",
  });
}

export function reconcileFailed({ company }: { company: string }, difference: string, data: string): PipelineError {
  return new PipelineError({
    code: "reconcile_failed",
    message: `The load of "${company}" does not add up: ${difference}.`,
    data,
    next: "Run again: the same days are read anew. If it stays, the source contradicts itself today.",
  });
}
