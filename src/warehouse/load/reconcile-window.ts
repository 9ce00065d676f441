import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import type { Evidence, LoadResult } from "../../pipeline/flow/values.ts";
import { isSuspicious, reconcile } from "../../pipeline/load/reconcile.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { TaskContext, WindowRequest } from "../../pipeline/steps/ports.ts";
import { PipelineError } from "../../run/errors.ts";
import { warehouseGone } from "../duckdb/failures.ts";
import { readLoad, writeLedger } from "./ledger.ts";
import { countRows, reconcileFailed, rowsUnreadable } from "./load.ts";
import { loadIdOf } from "./load-id.ts";
import { isLiveIn } from "./scope-sql.ts";
import { findHeld, withdrawalsRefused, withdrawGone } from "./withdraw.ts";

const { key } = complaints;

const stays = "What its parts loaded stands; nothing was withdrawn, and the watermark stays where it was.";

/**
 * Judges the loads of a window's scopes together, as if they were one (invariant 12): withdraws what they hold, and writes a load without rows
 * of its own into the ledger, in one transaction. What throws leaves the transaction open: the connection's end rolls it back.
 */
export async function reconcileWindow(
  connection: DuckDBConnection,
  path: string,
  request: WindowRequest,
  { task, attempt, signal, report }: TaskContext,
): Promise<LoadResult> {
  const { company, names, window, runId, source } = request;
  const loadId = loadIdOf(runId, company, company, attempt);
  const identity = { loadId, runId, company, scope: company, names, window, source };
  await connection.run("begin");
  signal.throwIfAborted();
  const fields = { unknown: [], missing: [], emptied: [], responses: [] };
  const landedBefore = await readLoad(connection, identity);
  if (landedBefore !== null) {
    await connection.run("rollback");
    return { ...landedBefore, fields };
  }
  const loadIds = request.loadIds.map(sqlLiteral).join(", ");
  const { loads, indexes, evidence, rejected, unidentified, liveBefore } = await readLoads(
    connection,
    request,
    loadIds,
  );
  if (loads !== request.loadIds.length) throw warehouseGone(path);
  const { expected } = evidence;
  if (isSuspicious(rejected, expected)) {
    const from = `(select reason from ${complaints.rejected} where load_id in (${loadIds}))`;
    throw await rowsUnreadable(connection, request, { rejected, rejectedFrom: from, rows: expected - rejected }, stays);
  }
  // A row without an id may be any of those that seem to be gone.
  const keepsGone = unidentified > 0 || request.withdrawals === "none";
  const gone = keepsGone ? 0 : await findHeld(connection, loadIds);
  if (request.withdrawals === "usual" && isSuspicious(gone, liveBefore)) {
    throw withdrawalsRefused(request, gone, liveBefore, stays);
  }
  // A row that moved from one scope to another between two states of the index is in neither.
  if (gone > 0 && indexes > 1) throw indexMoved(request);
  if (gone > 0) await withdrawGone(connection, loadId);
  await connection.run(`delete from pipeline.held_withdrawals where load_id in (${loadIds})`);
  // Stored rows that came and were rejected stay as they are, and are not among those that came.
  const isKept = `${key} in (select ${key} from ${complaints.rejected} where load_id in (${loadIds}))`;
  const live = await countRows(connection, `${isLiveIn(request)} and (${isKept}) is not true`);
  report({ type: "load.reconciled", task, expected, live });
  const difference = reconcile({ expected, staged: expected - rejected, rejected, live, keepsGone });
  if (difference !== null) throw reconcileFailed(request, difference, stays);
  const counts = { inserted: 0, updated: 0, deleted: gone, unchanged: 0, rejected, held: 0 };
  const loadNo = await writeLedger(connection, identity, evidence, { ...counts, live, liveBefore, unidentified });
  signal.throwIfAborted();
  await connection.run("commit");
  report({ type: "load.committed", task, loadId });
  return { loadId, loadNo, expected, ...counts, fields };
}

/**
 * What the ledger says of some loads, together. Where they read several indexes, none is said. How many rows were live before is what the first of
 * this run saw: the others may have moved rows, and loads of earlier runs saw another warehouse.
 */
async function readLoads(connection: DuckDBConnection, request: WindowRequest, loadIds: string) {
  const result = await connection.runAndReadAll(`
    select count(*)::integer, sum(expected)::double, sum(rejected)::double, sum(unidentified)::double,
      arg_min(live_before, load_no) filter (run_id = ${sqlLiteral(request.runId)})::double, count(distinct last_indexed)::integer,
      min(asked_on)::varchar, if(count(distinct last_indexed) = 1, min(last_indexed), null)
    from pipeline.loads where load_id in (${loadIds})`);
  const [loads, expected, rejected, unidentified, liveBefore, indexes, askedOn, lastIndexed] = result.getRows()[0]!;
  const evidence: Evidence & { expected: number } = {
    expected: Number(expected),
    askedOn: String(askedOn),
    lastIndexed: lastIndexed === null ? null : String(lastIndexed),
  };
  return {
    ...{ loads: Number(loads), indexes: Number(indexes), evidence, rejected: Number(rejected) },
    unidentified: Number(unidentified),
    liveBefore: liveBefore === null ? await countRows(connection, isLiveIn(request)) : Number(liveBefore),
  };
}

function indexMoved({ company }: WindowRequest): PipelineError {
  return new PipelineError({
    code: "index_moved",
    message: `The source's index changed while the parts of the window of "${company}" were read, and rows are gone that may have moved.`,
    data: stays,
    next: "Run again: the same days are read anew.",
  });
}
