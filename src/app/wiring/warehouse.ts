import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Config } from "../../config/config.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";
import { isFinal } from "../../run/states.ts";
import { projectFingerprint, projectFolder, projectRelations } from "../../transform/project.ts";
import { checkIntegrity, type Integrity } from "../../warehouse/file/integrity.ts";
import { lockedError, ProcessLock } from "../../warehouse/file/lock.ts";
import { checkPath } from "../../warehouse/file/path.ts";
import { forgetStates, readStateReport, type StateReport } from "../../warehouse/state/state-report.ts";
import { DuckDbWarehouse } from "../../warehouse/warehouse.ts";
import { publishedFolder } from "../home/published.ts";
import { checkWritable, refuseOtherDatabase, sourceOfRun } from "../home/record.ts";
import { readRestoreNote, resumeRestore } from "../home/restore-note.ts";
import { withRuns } from "../home/runs.ts";

/** Throws where another process has it. */
async function takeWarehouse(config: Config): Promise<ProcessLock> {
  try {
    return ProcessLock.acquire(config.database);
  } catch (error) {
    throw await lockedBy(config, error);
  }
}

/** Whose complaints a warehouse has; null where that is not known. */
export async function loadedSource({ home }: Config, warehouse: DuckDbWarehouse): Promise<string | null> {
  const last = await warehouse.lastLoad();
  return last === null ? null : (last.source ?? (await sourceOfRun(home, last.runId)));
}

export function wireWarehouse(config: Config, report: Report): DuckDbWarehouse {
  return new DuckDbWarehouse({ ...databaseOptions(config), published: publishedFolder(config.home) }, report);
}

function databaseOptions(config: Config) {
  return { path: config.database, ...config.duckdb, relations: projectRelations(projectFolder) };
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
async function openRun({ home, database }: Config): Promise<string | null> {
  const holder = ProcessLock.holderOf(database);
  if (holder === undefined) return null;
  return withRuns(home, async (history) => {
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
export type WarehouseAccess = {
  /** Holds the warehouse for this process as long as `use` takes (invariant 4). Throws `warehouse_locked` where another process has it. */
  hold<T>(use: () => Promise<T>): Promise<T>;
  /** Finishes what a killed run left beside the warehouse; resolves to the source of its complaints. The caller holds the warehouse. */
  recover(): Promise<string | null>;
  /** What `state show` shows. Throws `warehouse_locked` while a run holds the warehouse. */
  state(): Promise<StateReport>;
  /** Reads the warehouse from end to end; null where there is none. */
  integrity(): Promise<Integrity | null>;
  /** Forgets the watermarks of these companies, of all where none is named; resolves to the forgotten ones. */
  forget(companies: readonly string[]): Promise<string[]>;
};

/** `onNotice` gets what a user should read: that an interrupted restore was finished. */
export function warehouseAccess(config: Config, onNotice: (text: string) => void): WarehouseAccess {
  return {
    hold: (use) => holdWarehouse(config, onNotice, use),
    recover: () => recover(config),
    state: () => readState(config, onNotice),
    async integrity() {
      checkPath(config.database);
      return checkIntegrity(databaseOptions(config));
    },
    forget: (companies) => holdWarehouse(config, onNotice, () => forgetStates(databaseOptions(config), companies)),
  };
}

export async function holdWarehouse<T>(
  config: Config,
  onNotice: (text: string) => void,
  use: () => Promise<T>,
): Promise<T> {
  checkWritable(config.home);
  checkPath(config.database);
  await refuseOtherDatabase(config.home, config.database);
  const lock = await takeWarehouse(config);
  try {
    const settled = await resumeRestore(config.home);
    if (settled !== null) onNotice(settled);
    return await use();
  } finally {
    lock.release();
  }
}

async function recover(config: Config): Promise<string | null> {
  const warehouse = wireWarehouse(config, () => undefined);
  try {
    return await loadedSource(config, warehouse);
  } finally {
    await warehouse.close();
  }
}

async function readState(config: Config, onNotice: (text: string) => void): Promise<StateReport> {
  checkPath(config.database, "read");
  const holder = ProcessLock.holderOf(config.database);
  if (holder !== undefined) throw await lockedBy(config, lockedError(config.database, holder));
  // What a restore has left half-way is no state of anything.
  if (readRestoreNote(config.home) !== null) await holdWarehouse(config, onNotice, async () => undefined);
  return readStateReport(databaseOptions(config), projectFingerprint(projectFolder));
}

/** A folder name for what belongs to one warehouse file. */
export function warehouseFolderName(database: string): string {
  return `${basename(database, ".duckdb")}-${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
}
