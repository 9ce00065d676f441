import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isFinal, states } from "../pipeline/run-state.ts";
import { transaction } from "../sqlite.ts";
import type { Lease } from "./lease.ts";
import { type EndedRun, insertRun, type NewRun } from "./statements.ts";

/** What a run leaves beside a history that it could not write at its end. */
type Left = { run: NewRun; lease: Lease; ended: EndedRun };

const folderOf = (history: string) => join(dirname(history), "runs-ended");

/** Leaves a run's end for whoever opens the history next: one that ended well never becomes Crashed. */
export function leaveEnded(history: string, left: Left): void {
  const folder = folderOf(history);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${left.run.id}.json`), JSON.stringify(left));
}

const open = states.filter((state) => !isFinal(state)).map((state) => `'${state}'`);

/** Brings what runs left into the history. Gives the ids of those that it could not: their ends are known all the same. */
export function settleEnded(database: DatabaseSync, history: string): string[] {
  const folder = folderOf(history);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    const path = join(folder, file);
    try {
      const { run, lease, ended } = JSON.parse(readFileSync(path, "utf8")) as Left;
      transaction(database, () => {
        const known = database.prepare("select no from runs where id = ?").get(run.id) as { no: number } | undefined;
        const no = known?.no ?? insertRun(database, run, lease);
        const { state, endedAt, rows, changed, requests, bytes, errorCode, report } = ended;
        database
          .prepare(
            `update runs set state = ?, ended_at = ?, rows = ?, changed = ?, requests = ?, bytes = ?, error_code = ?, report = ?
             where no = ? and state in (${open.join(", ")})`,
          )
          .run(state, endedAt, rows, changed, requests, bytes, errorCode, report, no);
        for (const table of ["tasks", "attempts"]) {
          database
            .prepare(`update ${table} set state = ?, ended_at = ? where run_no = ? and state in (${open.join(", ")})`)
            .run(state, endedAt, no);
        }
      });
      rmSync(path, { force: true });
      return [];
    } catch {
      // Somebody holds the history still, or the file is not whole yet: it is tried again at the next look.
      return [file.replace(/\.json$/, "")];
    }
  });
}
