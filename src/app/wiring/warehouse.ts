import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Config } from "../../config/config.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";
import { isFinal } from "../../run/states.ts";
import { projectFingerprint, projectFolder, projectRelations } from "../../transform/project.ts";
import { checkIntegrity, type Integrity } from "../../warehouse/integrity.ts";
import { refused, WarehouseLock } from "../../warehouse/lock.ts";
import { checkPath } from "../../warehouse/path.ts";
import { forgetStates, readStateReport, type StateReport } from "../../warehouse/state-report.ts";
import { DuckDbWarehouse } from "../../warehouse/warehouse.ts";
import { readRestoreNote, settleRestore } from "../backup/restore-note.ts";
import { checkWritable, refuseOtherDatabase, sourceOfRun } from "../home-record.ts";
import { publishedFolder } from "../published.ts";
import { openRuns } from "../runs.ts";

/** Throws where another process has it. */
function takeWarehouse(config: Config): WarehouseLock {
  try {
    return WarehouseLock.acquire(config.database, { pid: process.pid, since: new Date().toISOString() });
  } catch (error) {
    throw lockedBy(config, error);
  }
}

/** Whose complaints a warehouse has; null where that is not known. */
export async function loadedSource({ home }: Config, warehouse: DuckDbWarehouse): Promise<string | null> {
  const last = await warehouse.lastLoad();
  return last === null ? null : (last.source ?? sourceOfRun(home, last.runId));
}

export function wireWarehouse(config: Config, report: Report): DuckDbWarehouse {
  return new DuckDbWarehouse({ ...databaseOptions(config), published: publishedFolder(config.home) }, report);
}

function databaseOptions(config: Config) {
  return { path: config.database, ...config.duckdb, relations: projectRelations(projectFolder) };
}

/** That somebody else has the warehouse, with what to do about it: where it is a run of this home, by its name. */
function lockedBy(config: Config, error: unknown): unknown {
  if (!(error instanceof PipelineError) || error.code !== "warehouse_locked") return error;
  if (readRestoreNote(config.home) !== null) return restoring(error);
  const run = openRun(config);
  if (run === null) return error;
  const { code, what, data } = error;
  const next = `Watch it with: pipeline runs watch ${run}\nStop it with: pipeline runs cancel ${run}`;
  return new PipelineError({ code, what, data, next }, { cause: error });
}

/** The beginning of the id of the run that has the warehouse; null where none is known to have it. */
function openRun({ home, database }: Config): string | null {
  const holder = WarehouseLock.holderOf(database);
  const history = holder === undefined ? null : openRuns(home);
  try {
    const open = history?.list({ limit: 20 }).filter(({ state }) => !isFinal(state)) ?? [];
    const run = open.find(({ no }) => history?.inspect(no).lease.pid === holder?.pid);
    return run?.id.slice(0, 8) ?? null;
  } finally {
    history?.close();
  }
}

function restoring(cause: PipelineError): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_locked",
      what: `A restore is under way. ${cause.what}`,
      data: "Nothing was read or changed.",
      next: "Wait until it is done.",
    },
    { cause },
  );
}

/** Holds the warehouse for this process as long as `use` takes (invariant 4). */
export async function withWarehouse<T>(config: Config, use: () => Promise<T>): Promise<T> {
  checkWritable(config.home);
  checkPath(config.database);
  refuseOtherDatabase(config.home, config.database);
  const lock = takeWarehouse(config);
  try {
    const settled = await settleRestore(config.home);
    if (settled !== null) process.stderr.write(`${settled}\n`);
    return await use();
  } finally {
    lock.release();
  }
}

/** Brings what a killed run left beside the warehouse into it; gives whose complaints it has. The caller holds the lock. */
export async function settleWarehouse(config: Config): Promise<string | null> {
  const warehouse = wireWarehouse(config, () => undefined);
  try {
    return await loadedSource(config, warehouse);
  } finally {
    await warehouse.close();
  }
}

/** What `state show` shows. Throws `warehouse_locked` while a run holds the warehouse. */
export async function stateReport(config: Config): Promise<StateReport> {
  checkPath(config.database, "read");
  const holder = WarehouseLock.holderOf(config.database);
  if (holder !== undefined) throw lockedBy(config, refused(config.database, holder));
  // What a restore has left half-way is no state of anything.
  if (readRestoreNote(config.home) !== null) await withWarehouse(config, async () => undefined);
  return readStateReport(databaseOptions(config), projectFingerprint(projectFolder));
}

/** Reads the warehouse from end to end. */
export async function warehouseIntegrity(config: Config): Promise<Integrity | null> {
  checkPath(config.database);
  return checkIntegrity(databaseOptions(config));
}

/** Forgets the watermarks of these companies, of all where none is named; returns the forgotten ones. */
export async function resetStates(config: Config, companies: readonly string[]): Promise<string[]> {
  return withWarehouse(config, () => forgetStates(databaseOptions(config), companies));
}

/** A folder name for what belongs to one warehouse file. */
export function keyOf(database: string): string {
  return `${basename(database, ".duckdb")}-${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
}
