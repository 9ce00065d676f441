import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Config } from "../../config/config.ts";
import type { KnownRows } from "../../pipeline/steps/ports.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";
import { isFinal } from "../../run/states.ts";
import { projectFingerprint, projectFolder, projectRelations } from "../../transform/project.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import type { StateReport } from "../../warehouse/state/state-report.ts";
import type { Integrity, Warehouse, WarehouseLock } from "../../warehouse/warehouse.ts";
import { publishedFolder } from "../home/published.ts";
import { checkWritable, refuseOtherDatabase, sourceOfRun } from "../home/record.ts";
import { readRestoreNote, resumeRestore } from "../home/restore-note.ts";
import { withRuns } from "../home/runs.ts";

/** Whose complaints a warehouse has; null where that is not known. */
export async function loadedSource({ home }: Config, warehouse: Warehouse): Promise<string | null> {
  const last = await warehouse.lastLoad();
  return last === null ? null : (last.source ?? (await sourceOfRun(home, last.runId)));
}

/** The warehouse of a configuration; nothing is opened yet. */
export function wireWarehouse(config: Config, report: Report = () => undefined): Warehouse {
  const { database, duckdb, home } = config;
  const relations = projectRelations(projectFolder);
  return openWarehouse(database, { ...duckdb, relations, published: publishedFolder(home) }, report);
}

/** That somebody else has the warehouse, with what to do about it: where it is a run of this home, by its name. */
async function lockedBy(config: Config, error: unknown): Promise<unknown> {
  if (!(error instanceof PipelineError) || error.code !== "warehouse_locked") return error;
  if (readRestoreNote(config.home) !== null) return restoring(error);
  const run = await openRun(config);
  if (run === null) return error;
  const { code, message, data } = error;
  const next = `Watch it with: pipeline runs watch ${run}\nStop it with: pipeline runs cancel ${run}`;
  return new PipelineError({ code, message, data, next }, { cause: error });
}

/** The beginning of the id of the run that has the warehouse; null where none is known to have it. */
async function openRun(config: Config): Promise<string | null> {
  const holder = await wireWarehouse(config).holder();
  if (holder === undefined) return null;
  return withRuns(config.home, async (history) => {
    for (const { no, id, state } of await history.list({ limit: 20 })) {
      if (!isFinal(state) && (await history.inspect(no)).lease.pid === holder.pid) return id.slice(0, 8);
    }
    return null;
  });
}

function restoring(cause: PipelineError): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_locked",
      message: `A restore is under way. ${cause.message}`,
      data: "Nothing was read or changed.",
      next: "Wait until it is done.",
    },
    { cause },
  );
}

/** The warehouse of a configuration, outside of a run. */
export type WarehouseAccess = Pick<Warehouse, "place" | "exists"> & {
  /** Holds the warehouse for this process as long as `use` takes (invariant 4). Throws `warehouse_locked` where another process has it. */
  hold<T>(use: () => Promise<T>): Promise<T>;
  /** Finishes what a killed run left beside the warehouse; resolves to the source of its complaints. The caller holds the warehouse. */
  recover(): Promise<string | null>;
  /** What `state show` shows. Throws `warehouse_locked` while a run holds the warehouse. */
  state(): Promise<StateReport>;
  /** What a plan looks up. */
  known: KnownRows;
  /** Reads the warehouse from end to end; null where there is none. */
  integrity(): Promise<Integrity | null>;
  /** Forgets the watermarks of these companies, of all where none is named; resolves to the forgotten ones. */
  forget(companies: readonly string[]): Promise<string[]>;
};

/** `onNotice` gets what a user should read: that an interrupted restore was finished. */
export function warehouseAccess(config: Config, onNotice: (text: string) => void): WarehouseAccess {
  const warehouse = wireWarehouse(config);
  return {
    place: warehouse.place,
    exists: () => warehouse.exists(),
    hold: (use) => holdWarehouse(config, onNotice, use),
    recover: () => closing(wireWarehouse(config), (opened) => loadedSource(config, opened)),
    state: () => readState(config, onNotice),
    known: warehouse,
    async integrity() {
      await warehouse.check("write");
      return warehouse.inspect();
    },
    forget: (companies) =>
      holdWarehouse(config, onNotice, () => closing(wireWarehouse(config), (opened) => opened.forget(companies))),
  };
}

export async function holdWarehouse<T>(
  config: Config,
  onNotice: (text: string) => void,
  use: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  checkWritable(config.home);
  const warehouse = wireWarehouse(config);
  await warehouse.check("write");
  await refuseOtherDatabase(config.home, config.database);
  const lock = await takeWarehouse(config, warehouse);
  try {
    const settled = await resumeRestore(config.home);
    if (settled !== null) onNotice(settled);
    return await use(warehouse);
  } finally {
    await lock.release();
  }
}

/** Throws where another process has it. */
async function takeWarehouse(config: Config, warehouse: Warehouse): Promise<WarehouseLock> {
  try {
    return await warehouse.lock();
  } catch (error) {
    throw await lockedBy(config, error);
  }
}

/** Closes a warehouse when `use` is over. */
async function closing<T>(warehouse: Warehouse, use: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  try {
    return await use(warehouse);
  } finally {
    await warehouse.close();
  }
}

async function readState(config: Config, onNotice: (text: string) => void): Promise<StateReport> {
  const warehouse = wireWarehouse(config);
  await warehouse.check("read");
  // What a restore has left half-way is no state of anything.
  if (readRestoreNote(config.home) !== null) await holdWarehouse(config, onNotice, async () => undefined);
  try {
    return await warehouse.stateReport(projectFingerprint(projectFolder));
  } catch (error) {
    throw await lockedBy(config, error);
  }
}

/** A folder name for what belongs to one warehouse file. */
export function warehouseFolderName(database: string): string {
  return `${basename(database, ".duckdb")}-${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
}
