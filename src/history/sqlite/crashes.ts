import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../sqlite/sqlite.ts";
import { type Lease, processState } from "../lease.ts";
import { importEnded } from "./ended.ts";
import { endTasks, isOpen } from "./statements.ts";

/** Milliseconds without a heartbeat after which a run of another place is over, where its warehouse is held by somebody else. */
const lostMs = 120_000;

type Open = { no: number; id: string; heartbeat: number } & Lease;

/**
 * Runs that say they are running and whose process is gone become Crashed, once and for all (invariant 9). Of one whose machine or container
 * cannot be seen nothing is guessed. What runs left beside the history is brought into it first.
 */
export function findCrashed(database: DatabaseSync, history: string): void {
  const ended = importEnded(database, history);
  for (const { no, id, heartbeat, ...lease } of openRunsOf(database, "")) {
    if (!ended.includes(id) && processState(lease) === "gone") crash(database, no, heartbeat);
  }
}

/** Whoever has taken the lock of a warehouse has proof that the runs before are over, wherever they ran. */
export function crashEarlierHolders(database: DatabaseSync, warehouse: string, now: number): void {
  for (const { no, heartbeat, ...lease } of openRunsOf(database, "and database = ?", warehouse)) {
    if (processState(lease) === "unknown" && now - heartbeat > lostMs) crash(database, no, heartbeat);
  }
}

function openRunsOf(database: DatabaseSync, condition: string, ...values: string[]): Open[] {
  return database
    .prepare(
      `select no, id, heartbeat_at as heartbeat, host, namespace, pid, process_started as processStarted, boot from runs
       where ${isOpen} ${condition}`,
    )
    .all(...values) as Open[];
}

function crash(database: DatabaseSync, no: number, heartbeat: number): void {
  transaction(database, () => {
    // Between the look and the lock it may have ended well.
    const ended = database
      .prepare(
        `update runs set state = 'Crashed', ended_at = heartbeat_at, error_code = 'crashed' where no = ? and ${isOpen}`,
      )
      .run(no);
    if (ended.changes === 0) return;
    endTasks(database, no, "Crashed", heartbeat);
  });
}
