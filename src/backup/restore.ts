import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Config } from "../config.ts";
import { readHomeRecord, refuseOtherSource, writeHomeRecord } from "../home-record.ts";
import { PipelineError } from "../pipeline/errors.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import { historyFile } from "../runs.ts";
import { ScheduleStore } from "../schedule/store.ts";
import { warehouseIntegrity, withWarehouse } from "../wire.ts";
import { copyWhole, flush, identify } from "./copy.ts";
import { type BackupManifest, manifestFile, parseBackupManifest } from "./manifest.ts";

export type Restored = { manifest: BackupManifest /** Where what stood in its place is now. */; kept: string | null };

/**
 * Puts a backup in place, when every file of it has the hash that its manifest names. What stands there is left alone, unless
 * `force`: then it is moved into a folder beside it. Throws `restore_failed`, `warehouse_locked`.
 */
export async function restore(
  config: Config,
  from: string,
  { force, acceptSource }: { force: boolean; acceptSource: boolean },
  signal: AbortSignal,
): Promise<Restored> {
  const folder = resolve(from);
  const manifest = await readManifest(folder);
  const { home, database } = config;
  if (basename(database) !== manifest.warehouse) {
    throw failed(
      `The warehouse of this backup is called ${manifest.warehouse}, and its models know it by that name; ${database} is another one.`,
      `Restore it with: --database ${join(dirname(database), manifest.warehouse)}`,
    );
  }
  const expected = readHomeRecord(home).source ?? sourceIdentity(config.source);
  if (!acceptSource && manifest.source !== null) refuseOtherSource(expected, manifest.source, `${home} is for`);
  for (const file of manifest.files) await verify(folder, file, signal);
  return withWarehouse(config, async () => {
    const places: [path: string, place: string][] = [
      [basename(historyFile(home)), historyFile(home)],
      [basename(ScheduleStore.fileOf(home)), ScheduleStore.fileOf(home)],
      ["published", join(home, "published")],
      [manifest.warehouse, database],
    ];
    const inTheWay = places.map(([, place]) => place).filter((place) => existsSync(place));
    if (inTheWay.length > 0 && !force) {
      throw failed(
        `There is something in place already: ${inTheWay.join(", ")}.`,
        "Restore into another home, or put it aside with --force.",
      );
    }
    const coming = join(home, `.restore-${process.pid}`);
    const kept =
      inTheWay.length === 0
        ? null
        : join(home, `before-restore-${new Date().toISOString().replaceAll(/[-:]|\..*/g, "")}`);
    try {
      for (const { path } of manifest.files) await copyWhole(join(folder, path), join(coming, path), signal);
      if (manifest.snapshot !== null) await symlink(manifest.snapshot, join(coming, "published", "current"));
      if (kept !== null) await mkdir(kept, { recursive: true });
      for (const place of inTheWay) await moveWithCompanions(place, join(kept!, basename(place)));
      for (const [path, place] of places) {
        if (!existsSync(join(coming, path))) continue;
        await mkdir(dirname(place), { recursive: true });
        await rename(join(coming, path), place);
        await flush(dirname(place));
      }
    } finally {
      await rm(coming, { recursive: true, force: true });
    }
    writeHomeRecord(home, { source: manifest.source, database });
    const found = await warehouseIntegrity(config);
    if (found?.rows !== manifest.rows) {
      throw failed(
        `The restored warehouse has ${found?.rows ?? 0} rows, its backup ${manifest.rows}.`,
        "Take another backup.",
      );
    }
    return { manifest, kept };
  });
}

/** A database and what stands beside it of the same name: its write-ahead log is of no use to another one. */
async function moveWithCompanions(place: string, to: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", ".wal"]) {
    if (existsSync(`${place}${end}`)) await rename(`${place}${end}`, `${to}${end}`);
  }
}

async function readManifest(folder: string): Promise<BackupManifest> {
  try {
    return parseBackupManifest(await readFile(join(folder, manifestFile), "utf8"));
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = isAbsent ? `it has no ${manifestFile}` : (error as Error).message.split("\n")[0];
    throw failed(
      `${folder} is no backup that this version reads: ${why}.`,
      "Name a folder that `pipeline backup` wrote.",
      error,
    );
  }
}

async function verify(
  folder: string,
  { path, sha256 }: BackupManifest["files"][number],
  signal: AbortSignal,
): Promise<void> {
  const found = await identify(join(folder, path), signal).catch((error: Error) => {
    signal.throwIfAborted();
    throw failed(`${path} of the backup cannot be read: ${error.message}.`, "Take another backup.", error);
  });
  if (found.sha256 !== sha256)
    throw failed(`${path} of the backup is damaged: its hash is another one.`, "Take another backup.");
}

function failed(what: string, next: string, cause?: unknown): PipelineError {
  return new PipelineError({ code: "restore_failed", what, data: "Nothing in the home was changed.", next }, { cause });
}
