import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checksum } from "../../files/checksum.ts";
import { flush } from "../../files/flush.ts";
import { sourceIdentity } from "../../pipeline/source-identity.ts";
import { PipelineError } from "../../run/errors.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import { type HomePaths, readHomeRecord, refuseOtherSource, writeHomeRecord } from "../home/record.ts";
import {
  applyRestore,
  deviceOf,
  type RestoreNote,
  type RestoreStep,
  readRestoreNote,
  undoRestore,
  writeRestoreNote,
} from "../home/restore-note.ts";
import { historyOf } from "../home/runs.ts";
import type { WarehouseAccess } from "../wiring/warehouse.ts";
import { copyWhole } from "./copy.ts";
import { type BackupManifest, manifestFile, parseBackupManifest } from "./manifest.ts";

/** Where a backup is put in place. */
export type RestoreHome = HomePaths & {
  /** Address of the source, or `sample`. */
  source: string;
  warehouse: WarehouseAccess;
};

export type Restored = {
  manifest: BackupManifest;
  /** Where what stood in its place is now, one path for each. */
  kept: string[];
};

/**
 * Puts a backup in place, when every file of it has the hash that its manifest names. What stands there is left alone, unless `force`: then
 * it is moved aside. All copies are whole, and a note says what is about to be done, before the first place is touched: an error moves back
 * what was moved, and after a kill the next command goes on. Throws `restore_failed`, `source_differs`, `warehouse_locked`.
 */
export async function restore(
  { home, database, source, warehouse }: RestoreHome,
  from: string,
  { force, acceptSource }: { force: boolean; acceptSource: boolean },
  signal: AbortSignal,
): Promise<Restored> {
  const folder = resolve(from);
  const manifest = await readManifest(folder);
  if (basename(database) !== manifest.warehouse) {
    throw failed(
      `The warehouse of this backup is called ${manifest.warehouse}, and its models know it by that name; ${database} is another one.`,
      `Restore it with: --database ${join(dirname(database), manifest.warehouse)}`,
    );
  }
  const configured = sourceIdentity(source);
  // A home of nothing yet, for which nobody named a source, belongs to whatever is restored into it.
  const isFree = configured === "live" && !(await warehouse.exists());
  const expected = (await readHomeRecord(home)).source ?? (isFree ? null : configured);
  if (!acceptSource && manifest.source !== null) refuseOtherSource(expected, manifest.source, `${home} is for`);
  for (const file of manifest.files) await verify(folder, file, signal);
  return warehouse.hold(async () => {
    const note = planOf({ home, database }, manifest);
    const inTheWay = note.steps.filter(({ place }) => existsSync(place));
    if (inTheWay.length > 0 && !force) {
      throw failed(
        `There is something in place already: ${inTheWay.map(({ place }) => place).join(", ")}.`,
        "Restore into another home, or put it aside with --force.",
      );
    }
    await writeRestoreNote(home, note);
    await orUndo(home, signal, async () => {
      await copyAll(folder, manifest, note.steps, signal);
      const moving: RestoreNote = { ...note, phase: "moving" };
      await writeRestoreNote(home, moving);
      const before = await readHomeRecord(home);
      try {
        // Before the last rename: a killed restore is finished by whoever comes next, who knows nothing of the source.
        writeHomeRecord(home, { source: manifest.source, database });
        await applyRestore(home, moving);
      } catch (error) {
        await undoRestore(home, moving);
        writeHomeRecord(home, { source: before.source, database: before.database ?? database });
        throw error;
      }
    });
    const kept = inTheWay.map(({ aside }) => aside);
    const found = await warehouse.integrity();
    if (found?.rows !== manifest.rows) {
      throw new PipelineError({
        code: "restore_failed",
        message: `The restored warehouse has ${found?.rows ?? 0} rows, its backup ${manifest.rows}.`,
        data: `The restored files are in place.${kept.length === 0 ? "" : ` What stood there is in ${kept.join(", ")}.`}`,
        next: "Take another backup, and restore it with --force.",
      });
    }
    return { manifest, kept };
  });
}

/** What goes where. A copy, and what is put aside, are on the file system of their place: only there is a rename one step. */
function planOf({ home, database }: HomePaths, manifest: BackupManifest): RestoreNote {
  const at = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  const has = (path: string) => manifest.files.some((file) => file.path === path || file.path.startsWith(`${path}/`));
  const step = (path: string, place: string): RestoreStep => {
    const name = basename(place);
    const isWithHome = deviceOf(dirname(place)) === deviceOf(home);
    const aside = isWithHome ? join(home, `before-restore-${at}`, name) : `${place}.before-restore-${at}`;
    return { place, coming: has(path) ? join(dirname(place), `.${name}.restore-${process.pid}`) : null, aside };
  };
  const history = historyOf(home).file;
  const schedules = ScheduleStore.fileOf(home);
  return {
    phase: "copying",
    steps: [
      ...(history === null ? [] : [step(basename(history), history)]),
      step(basename(schedules), schedules),
      step("published", join(home, "published")),
      step(manifest.warehouse, database),
    ],
  };
}

async function copyAll(
  folder: string,
  manifest: BackupManifest,
  steps: readonly RestoreStep[],
  signal: AbortSignal,
): Promise<void> {
  for (const { place, coming } of steps) {
    if (coming === null) continue;
    const name = basename(place);
    for (const { path } of manifest.files) {
      if (path === name) await copyWhole(join(folder, path), coming, signal);
      else if (path.startsWith(`${name}/`))
        await copyWhole(join(folder, path), join(coming, path.slice(name.length + 1)), signal);
    }
    if (name === "published" && manifest.snapshot !== null) await symlink(manifest.snapshot, join(coming, "current"));
    await flush(dirname(coming));
  }
}

/** What fails is undone, so that the home is as it was; the error says so. */
async function orUndo(home: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const note = readRestoreNote(home);
    if (note !== null) await undoRestore(home, note);
    signal.throwIfAborted();
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      {
        code: "restore_failed",
        message: `The backup could not be put in place: ${(error as Error).message}.`,
        data: "What was moved is moved back: the home is as it was.",
        next: "Make room, or see to the rights of the folders, and start it again.",
      },
      { cause: error },
    );
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
  const found = await checksum(join(folder, path), signal).catch((error: Error) => {
    signal.throwIfAborted();
    throw failed(`${path} of the backup cannot be read: ${error.message}.`, "Take another backup.", error);
  });
  if (found.sha256 !== sha256)
    throw failed(`${path} of the backup is damaged: its hash is another one.`, "Take another backup.");
}

function failed(what: string, next: string, cause?: unknown): PipelineError {
  return new PipelineError(
    { code: "restore_failed", message: what, data: "Nothing in the home was changed.", next },
    { cause },
  );
}
