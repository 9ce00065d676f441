import type { DatabaseSync, StatementSync } from "node:sqlite";
import { runName } from "../pipeline/run-name.ts";
import { leaseOf } from "./lease.ts";
import { outdatedRuns } from "./retention.ts";

export type NewRun = {
  id: string;
  flow: string;
  trigger: string;
  startedAt: number;
  asOf: string;
  source: string;
  database: string;
  /** What it was asked to do, as JSON, so that it can be done again. */
  settings: object;
};

/** Adds a run whose process is this one; gives its number. */
export function insertRun(database: DatabaseSync, run: NewRun): number {
  const { id, flow, trigger, startedAt, asOf, source, database: warehouse, settings } = run;
  const { host, pid, processStarted, boot } = leaseOf(process.pid);
  const { lastInsertRowid } = database
    .prepare(
      `insert into runs (id, name, flow, state, trigger, started_at, as_of, source, database, settings, host, pid, process_started, boot, heartbeat_at)
       values (?, ?, ?, 'Running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[id, runName(id), flow, trigger, startedAt, asOf, source, warehouse, JSON.stringify(settings)],
      ...[host, pid, processStarted, boot, startedAt],
    );
  return Number(lastInsertRowid);
}

/** What the recorder writes and looks for, prepared once. */
export type Statements = Record<keyof typeof texts, StatementSync>;

const texts = {
  log: "insert into logs values (?, ?, ?, ?, ?, ?, ?)",
  task: `insert into tasks (run_no, position, name, state, attempts, started_at, ended_at, reason, error)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (run_no, name) do update set state = excluded.state, attempts = excluded.attempts, ended_at = excluded.ended_at,
      reason = excluded.reason, error = excluded.error`,
  taskCounts: "update tasks set rows = ?, bytes = ?, requests = ?, waited_ms = ? where run_no = ? and name = ?",
  taskUsage: "update tasks set cpu_ms = ?, peak_rss = ? where run_no = ? and name = ?",
  attempt: "insert or ignore into attempts (run_no, task, number, state, started_at) values (?, ?, ?, ?, ?)",
  attemptOver: `update attempts set state = ?, ended_at = ?, error = ?, wait_ms = ?
    where run_no = ? and task = ? and number = ? and ended_at is null`,
  node: "insert or replace into dbt_nodes values (?, ?, ?, ?, ?, ?, ?, ?)",
  sample: "insert or replace into samples values (?, ?, ?, ?)",
  heartbeat: "update runs set heartbeat_at = ? where no = ?",
  state: "update runs set state = ? where no = ?",
  cancelRequested: "select 1 from runs where no = ? and cancel_requested_at is not null",
  prune: `delete from runs where no in (${outdatedRuns})`,
  finish: `update runs set state = ?, ended_at = ?, rows = ?, changed = ?, requests = ?, bytes = ?, error_code = ?, report = ?
    where no = ?`,
};

export function prepareStatements(database: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(texts).map(([name, sql]) => [name, database.prepare(sql)])) as Statements;
}
