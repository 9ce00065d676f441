import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { plural } from "../../pipeline/report/format.ts";
import { minuteText } from "../../pipeline/report/times.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import type { Snapshot } from "../../snapshot/current.ts";
import { integrityOf } from "../../sqlite/sqlite.ts";
import type { Integrity } from "../../warehouse/warehouse.ts";
import { historyOf, warehouseHolder } from "../home/runs.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** The lock, and the warehouse from end to end where nobody has it. */
export async function checkWarehouse(database: string, integrity: () => Promise<Integrity | null>): Promise<Finding[]> {
  const holder = await warehouseHolder(database);
  if (holder !== undefined) {
    return [ok("warehouse", `in use by process ${holder.pid} since ${holder.since}; it was not read`)];
  }
  const found = await integrity();
  if (found === null) return [ok("warehouse", `${database} is made by the first run`)];
  const { rows, doubled, rejected, whole } = found;
  if (doubled > 0) {
    return [
      failure("warehouse", `${plural(doubled, "complaint")} stored twice`, "Load again: pipeline run --reset-state"),
    ];
  }
  const read = whole
    ? "every block read and right"
    : "its first blocks read and right; the whole takes longer than a run waits";
  const findings = [ok("warehouse", `${plural(rows, "row")}, each complaint once, ${read}`)];
  if (rejected > 0) {
    const fix = "See them with: pipeline dbt -- show --inline 'select * from raw.cfpb_complaints_rejected'";
    findings.push(warning("warehouse", `${plural(rejected, "row")} could not be read when they were loaded`, fix));
  }
  return findings;
}

/** The history file, and how the last run ended. */
export async function checkHistory(home: string): Promise<Finding[]> {
  const store = historyOf(home);
  const history = await store.open();
  if (history === null) return [ok("history", "nothing was run yet")];
  try {
    const [last] = await history.list({ limit: 1 });
    const damage = await store.damage();
    if (damage !== null) {
      return [
        failure(
          "history",
          `${history.place} is damaged: ${damage}`,
          "Move the file away: the next run begins a new history.",
        ),
      ];
    }
    const refusal = await history.refusal();
    if (refusal !== null) {
      const { at, trigger, code, message, next } = refusal;
      const what = `a start by ${trigger} at ${minuteText(at)} was refused (${code}): ${message}`;
      return [failure("history", what, next)];
    }
    if (last === undefined) return [ok("history", "no run is kept")];
    const when = `the last run, ${last.name}, of ${minuteText(last.startedAt)}`;
    if (last.unheardSince !== null) {
      const what = `${when}: ${last.state}, not heard from since ${minuteText(last.unheardSince)}`;
      return [
        warning("history", what, "Look at its machine or container; the next run that gets the warehouse settles it."),
      ];
    }
    if (last.state === "Completed" || last.endedAt === null) return [ok("history", `whole; ${when}: ${last.state}`)];
    const fix = `See why with: pipeline runs inspect ${last.id.slice(0, 8)}`;
    return [warning("history", `${when}: ${last.state}${last.errorCode === null ? "" : ` (${last.errorCode})`}`, fix)];
  } finally {
    history.close();
  }
}

/** The file of the schedules. */
export function checkScheduleFile(home: string): Finding[] {
  const path = ScheduleStore.fileOf(home);
  if (!existsSync(path)) return [];
  const damage = integrityOf(path);
  return damage === null
    ? []
    : [failure("schedule", `${path} is damaged: ${damage}`, "Move the file away and add the schedules again.")];
}

/** What the readers of the snapshot see: every table of its manifest, as long as it was written. */
export async function checkSnapshot(home: string, published: () => Promise<Snapshot>): Promise<Finding[]> {
  if (!existsSync(join(home, "published", "current"))) return [ok("snapshot", "nothing is published yet")];
  const { folder, manifest } = await published();
  const { tables, publishedAt } = manifest;
  const odd = tables.find(({ file, bytes }) => statSync(join(folder, file), { throwIfNoEntry: false })?.size !== bytes);
  if (odd !== undefined) {
    return [
      failure(
        "snapshot",
        `${odd.file} of ${folder} is missing or cut off`,
        "Publish it anew: pipeline run --reset-state",
      ),
    ];
  }
  return [ok("snapshot", `${plural(tables.length, "table")}, published ${publishedAt.slice(0, 16)}Z`)];
}
