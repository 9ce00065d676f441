import type { DatabaseSync } from "node:sqlite";
import { isFinal, states } from "../pipeline/run-state.ts";
import { transaction } from "../sqlite.ts";
import { isAlive, type Lease } from "./lease.ts";

const open = states.filter((state) => !isFinal(state));
const isOpen = `state in (${open.map((state) => `'${state}'`).join(", ")})`;

/** Runs that say they are running and whose process is gone become Crashed, once and for all (invariant 9). */
export function findCrashed(database: DatabaseSync): void {
  const unended = database
    .prepare(
      `select no, heartbeat_at as heartbeat, host, pid, process_started as processStarted, boot from runs where ${isOpen}`,
    )
    .all() as ({ no: number; heartbeat: number } & Lease)[];
  for (const { no, heartbeat, ...lease } of unended) {
    if (isAlive(lease, heartbeat, Date.now())) continue;
    transaction(database, () => {
      // Between the look and the lock it may have ended well.
      const ended = database
        .prepare(
          `update runs set state = 'Crashed', ended_at = heartbeat_at, error_code = 'crashed' where no = ? and ${isOpen}`,
        )
        .run(no);
      if (ended.changes === 0) return;
      for (const table of ["tasks", "attempts"]) {
        database
          .prepare(`update ${table} set state = 'Crashed', ended_at = ? where run_no = ? and ${isOpen}`)
          .run(heartbeat, no);
      }
    });
  }
}
