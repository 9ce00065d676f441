import type { DatabaseSync, StatementSync } from "node:sqlite";
import { dayMs } from "../../pipeline/window/units.ts";

import { isFinal, states } from "../../run/states.ts";

/** Days and number of runs that are kept. */
const keepDays = 180;
const keepRuns = 10_000;

const open = states.filter((state) => !isFinal(state)).map((state) => `'${state}'`);

/** The newest runs that age alone never removes: the clock may be wrong. */
const keepNewest = 50;

const isOver = `state not in (${open.join(", ")})`;
const isBeyond = "no <= (select no from runs order by no desc limit 1 offset ?2)";

/** Ended runs that started before a time, or are beyond the newest so many. */
export const oldRuns = `select no from runs where ${isOver} and (started_at < ?1 or ${isBeyond})`;

/** Like {@link oldRuns}, for pruning that nobody watches. Guards against a wrong clock: age counts only beyond the newest runs, and only where the newest run before the last one is not old. */
export const outdatedRuns = `
  select no from runs where ${isOver} and (${isBeyond} or
    (started_at < ?1 and no <= (select no from runs order by no desc limit 1 offset ${keepNewest})
      and (select started_at from runs order by no desc limit 1 offset 1) >= ?1))`;

/** Removes a few of the runs whose time is over, so that nobody waits for it: every run does so at its end. */
export function pruneSome(database: DatabaseSync, prune: StatementSync): void {
  for (let changes = -1, times = 0; changes !== 0 && times < 4; times++) {
    changes = Number(prune.run(Date.now() - keepDays * dayMs, keepRuns).changes);
    if (changes === 0 && times > 0) database.prepare("pragma incremental_vacuum(2000)").all();
  }
}
