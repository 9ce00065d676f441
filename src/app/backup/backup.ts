import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { checksum } from "../../files/checksum.ts";
import { whyFailed } from "../../files/folder.ts";
import { refuseFullFolder, writeFolderAtomically } from "../../files/whole-folder.ts";
import { PipelineError } from "../../run/errors.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import { currentSnapshot } from "../../snapshot/current.ts";
import { copySqlite } from "../../sqlite/sqlite.ts";
import { publishedFolder } from "../home/published.ts";
import type { HomePaths } from "../home/record.ts";
import { isSameFile } from "../home/record.ts";
import { historyOf } from "../home/runs.ts";
import type { WarehouseAccess } from "../wiring/warehouse.ts";
import { copyWhole } from "./copy.ts";
import { type BackupManifest, manifestFile } from "./manifest.ts";

/** How often a warehouse that a run has is looked at again. */
const lookMs = 500;

/** What a backup copies. */
export type BackupHome = HomePaths & {
  /** Of this program. */
  version: string;
  warehouse: WarehouseAccess;
};

export type BackupOptions = {
  /** A folder that is not there yet, or is empty. */
  to: string;
  /** Milliseconds to wait for a run that has the warehouse. */
  waitMs: number;
  signal: AbortSignal;
  /** Told once, when a run is waited for. */
  onWait(what: string): void;
};

/**
 * Copies what a home keeps: warehouse, history, schedules and the published snapshot, as they are between two runs. The folder gets
 * its name when it is whole and on the disk. Throws `warehouse_locked` where a run has the warehouse for longer than it may wait.
 */
export async function backUp(home: BackupHome, { to, waitMs, signal, onWait }: BackupOptions): Promise<BackupManifest> {
  const target = resolve(to);
  await refuseFullFolder(target);
  if (!(await home.warehouse.exists())) {
    throw new PipelineError({
      code: "backup_failed",
      message: `There is no warehouse ${home.warehouse.place}.`,
      data: "Nothing was written.",
      next: "Name the home with --home, or make a warehouse with: pipeline run",
    });
  }
  const until = performance.now() + waitMs;
  for (let told = false; ; await setTimeout(lookMs, undefined, { signal }).catch(() => signal.throwIfAborted())) {
    try {
      return await home.warehouse.hold(() => writeBackup(home, target, signal));
    } catch (error) {
      const isLocked = error instanceof PipelineError && error.code === "warehouse_locked";
      if (!isLocked || performance.now() >= until) throw error;
      if (!told) onWait(error.message);
      told = true;
    }
  }
}

/** Fills a folder with the copies, and says in a manifest what they are. The caller holds the warehouse. */
async function fill(
  { home, database, version, warehouse }: BackupHome,
  unfinished: string,
  signal: AbortSignal,
): Promise<BackupManifest> {
  // Half a transaction may stand beside the file of a run that was killed.
  const source = await warehouse.recover();
  const rows = (await warehouse.integrity())?.rows ?? 0;
  await copyWhole(database, join(unfinished, basename(database)), signal);
  const history = historyOf(home);
  // To open it brings the ends of runs into it that it was held for when they came.
  (await history.open())?.close();
  if (history.file !== null) history.copyTo(join(unfinished, basename(history.file)));
  const schedules = ScheduleStore.fileOf(home);
  copySqlite(schedules, join(unfinished, basename(schedules)));
  const published = existsSync(join(home, "published", "current"))
    ? await currentSnapshot(publishedFolder(home))
    : null;
  // One of another warehouse says nothing of this one.
  const isOwn = published !== null && isSameFile(published.manifest.database, database);
  const snapshot = isOwn ? published.folder : null;
  const name = snapshot === null ? null : basename(snapshot);
  for (const file of snapshot === null ? [] : await readdir(snapshot)) {
    await copyWhole(join(snapshot!, file), join(unfinished, "published", name!, file), signal);
  }
  const files = [];
  for (const entry of await readdir(unfinished, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.push({ path: relative(unfinished, path), ...(await checksum(path, signal)) });
  }
  const manifest: BackupManifest = {
    ...{ version: 1, madeAt: new Date().toISOString(), program: version, host: hostname(), home },
    ...{ warehouse: basename(database), source, rows, snapshot: name, files },
  };
  await writeFile(join(unfinished, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

async function writeBackup(home: BackupHome, target: string, signal: AbortSignal): Promise<BackupManifest> {
  try {
    let manifest: BackupManifest | undefined;
    await writeFolderAtomically(target, manifestFile, async (unfinished) => {
      manifest = await fill(home, unfinished, signal);
    });
    return manifest!;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      {
        code: "backup_failed",
        message: `The backup could not be written to ${target}: ${whyFailed(error, target)}.`,
        data: "Nothing is left there; the home is as it was.",
        next: "Make room, or name another folder with --to.",
      },
      { cause: error },
    );
  }
}
