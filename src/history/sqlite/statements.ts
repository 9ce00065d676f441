import type { DatabaseSync, StatementSync } from "node:sqlite";
import { changedRows } from "../../pipeline/load/reconcile.ts";
import type { RunReport } from "../../pipeline/report/report.ts";
import { runName } from "../../run/run-name.ts";
import { isFinal, type State, states } from "../../run/states.ts";
import type { Lease } from "../lease.ts";
import type { NewRun } from "../rows.ts";
import { outdatedRuns } from "./retention.ts";

/** How a run ended, as its row has it; `report` is JSON. */
export type RunEnd = {
  state: State;
  endedAt: number;
  rows: number;
  changed: number;
  requests: number;
  bytes: number;
  errorCode: string | null;
  report: string;
};

/** The row of a run that ends with this report, in a state that it can be in. */
export function endedRunOf(report: RunReport, state: State): RunEnd {
  const { companies, endedAt, requests, bytes, error } = report;
  return {
    ...{ state, endedAt: Date.parse(endedAt), requests, bytes, errorCode: error?.code ?? null },
    rows: companies.reduce((sum, { expected }) => sum + expected, 0),
    changed: companies.reduce((sum, company) => sum + changedRows(company), 0),
    report: JSON.stringify(report),
  };
}

/** States of a run or a task that is not over. */
const openStates = states.filter((state) => !isFinal(state));
/** The condition that a run, a task or an attempt is not over. */
export const isOpen = `state in (${openStates.map((state) => `'${state}'`).join(", ")})`;

/** Ends the tasks and attempts of a run that have not ended themselves. */
export function endTasks(database: DatabaseSync, no: number, state: State, endedAt: number): void {
  for (const table of ["tasks", "attempts"]) {
    database
      .prepare(`update ${table} set state = ?, ended_at = ? where run_no = ? and ${isOpen}`)
      .run(state, endedAt, no);
  }
}

/** Writes the end of the run of a number. */
export const finishSql = `update runs set state = ?, ended_at = ?, rows = ?, changed = ?, requests = ?, bytes = ?, error_code = ?, report = ?
  where no = ?`;

/** The values of {@link finishSql}, without the number of the run. */
export function finishValues(ended: RunEnd): (string | number | null)[] {
  const { state, endedAt, rows, changed, requests, bytes, errorCode, report } = ended;
  return [state, endedAt, rows, changed, requests, bytes, errorCode, report];
}

/** Adds a run; gives its number. */
export function insertRun(database: DatabaseSync, run: NewRun, lease: Lease): number {
  const { id, flow, trigger, startedAt, asOf, source, database: warehouse, settings } = run;
  const { host, namespace, pid, processStarted, boot } = lease;
  const { lastInsertRowid } = database
    .prepare(
      `insert into runs (id, name, flow, state, trigger, started_at, as_of, source, database, settings, host, namespace, pid, process_started, boot, heartbeat_at)
       values (?, ?, ?, 'Running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[id, runName(id), flow, trigger, startedAt, asOf, source, warehouse, JSON.stringify(settings)],
      ...[host, namespace, pid, processStarted, boot, startedAt],
    );
  return Number(lastInsertRowid);
}

/** What the recorder writes and looks for, prepared once. */
export type Statements = Record<keyof typeof texts, StatementSync>;

const texts = {
  log: "insert into logs values (?, ?, ?, ?, ?, ?, ?)",
  task: `insert into tasks (run_no, position, name, step, company, scope, state, attempts, started_at, ended_at, reason, error)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (run_no, name) do update set state = excluded.state, attempts = excluded.attempts, ended_at = excluded.ended_at,
      reason = excluded.reason, error = excluded.error`,
  taskCounts:
    "update tasks set rows = ?, bytes = ?, requests = ?, waited_ms = ?, throttled = ? where run_no = ? and name = ?",
  taskUsage: "update tasks set cpu_ms = ?, peak_rss = ? where run_no = ? and name = ?",
  attempt: "insert or ignore into attempts (run_no, task, number, state, started_at) values (?, ?, ?, ?, ?)",
  attemptOver: `update attempts set state = ?, ended_at = ?, error = ?, wait_ms = ?
    where run_no = ? and task = ? and number = ? and ended_at is null`,
  node: "insert or replace into dbt_nodes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  sample: "insert or replace into samples values (?, ?, ?, ?)",
  heartbeat: "update runs set heartbeat_at = ? where no = ?",
  state: "update runs set state = ? where no = ?",
  cancelRequested: "select 1 from runs where no = ? and cancel_requested_at is not null",
  prune: `delete from runs where no in (select no from (${outdatedRuns}) order by no limit 5)`,
  forgetRefusals: "delete from refusals",
  finish: finishSql,
};

export function prepareStatements(database: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(texts).map(([name, sql]) => [name, database.prepare(sql)])) as Statements;
}
