import { existsSync, readFileSync, statSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { flush } from "../../files/flush.ts";
import { makeFolder } from "../../files/folder.ts";

/** One file or folder that a restore puts in place. */
const step = z.object({
  /** Where it belongs. */
  place: z.string(),
  /** The whole copy of it, on the same file system; null where the backup has none, and what stands there only goes. */
  coming: z.string().nullable(),
  /** Where what stood there goes, on the same file system. */
  aside: z.string(),
});

const schema = z.object({
  /** copying: nothing was touched yet. moving: every copy is whole, and the places are being changed. */
  phase: z.enum(["copying", "moving"]),
  steps: z.array(step),
});

/** What a restore is about to do, beside the home that it does it to: by it the next command goes on, or undoes. */
export type RestoreNote = z.infer<typeof schema>;
export type RestoreStep = z.infer<typeof step>;

const fileOf = (home: string) => join(home, "restore.json");

/** Null where no restore is under way, or was left. */
export function readRestoreNote(home: string): RestoreNote | null {
  if (!existsSync(fileOf(home))) return null;
  try {
    return schema.parse(JSON.parse(readFileSync(fileOf(home), "utf8")));
  } catch {
    // It gets its name when it is whole: one that cannot be read was damaged later, and says nothing.
    return null;
  }
}

/** Writes a note; it is on the disk when this resolves. */
export async function writeRestoreNote(home: string, note: RestoreNote): Promise<void> {
  const unfinished = `${fileOf(home)}.new`;
  makeFolder(home);
  await writeFile(unfinished, `${JSON.stringify(note, null, 2)}\n`);
  await flush(unfinished);
  await rename(unfinished, fileOf(home));
  await flush(home);
}

/** What stands beside a database of the same name: its write-ahead log is of no use to another one. */
const companions = ["-wal", "-shm", ".wal"];

/** Puts every copy in place, and what stood there aside. May be called again where it was interrupted: it goes on. */
export async function applyRestore(home: string, { steps }: RestoreNote): Promise<void> {
  for (const { place, coming, aside } of steps) {
    if (coming !== null && !existsSync(coming)) continue; // it is in place
    await moveAside(place, aside);
    if (coming === null) continue;
    makeFolder(dirname(place));
    await rename(coming, place);
    await flush(dirname(place));
  }
  await forget(home);
}

/** What was made at a place after a kill goes beside what had stood there before, and not over it. */
async function moveAside(place: string, aside: string): Promise<void> {
  let to = aside;
  for (let no = 2; existsSync(place) && existsSync(to); no++) to = `${aside}-${no}`;
  // The file itself goes last: where it stands, not all has gone.
  for (const end of [...companions, ""]) {
    if (!existsSync(`${place}${end}`)) continue;
    makeFolder(dirname(to));
    await rename(`${place}${end}`, `${to}${end}`);
  }
  await flush(dirname(place));
}

/** Brings everything back to where it was before {@link applyRestore}, however far that came. */
export async function undoRestore(home: string, { phase, steps }: RestoreNote): Promise<void> {
  for (const { place, coming, aside } of phase === "moving" ? steps.toReversed() : []) {
    const isInPlace = coming !== null && !existsSync(coming) && existsSync(place);
    if (isInPlace) await rename(place, coming);
    // What somebody made here since then is kept, too.
    if (existsSync(aside)) await moveAside(place, aside);
    for (const end of ["", ...companions]) {
      if (existsSync(`${aside}${end}`)) await rename(`${aside}${end}`, `${place}${end}`);
    }
    await flush(dirname(place));
  }
  // From here on there is nothing to go on with: whoever comes after a kill only clears away.
  await writeRestoreNote(home, { phase: "copying", steps });
  for (const { coming } of steps) if (coming !== null) await rm(coming, { recursive: true, force: true });
  await forget(home);
}

/**
 * Goes on with a restore that was interrupted, or undoes it where one of its copies is missing. Gives a sentence that says which; null where
 * there was none. The caller holds the lock of the warehouse.
 */
export async function resumeRestore(home: string): Promise<string | null> {
  const note = readRestoreNote(home);
  // A note that never got its name is of a restore that had not begun.
  await rm(`${fileOf(home)}.new`, { force: true });
  if (note === null) return null;
  if (note.phase === "copying") {
    await undoRestore(home, note);
    return "A restore was interrupted before it changed anything; what it had copied is removed.";
  }
  const isWhole = note.steps.every(({ place, coming }) => coming === null || existsSync(coming) || existsSync(place));
  if (isWhole) {
    await applyRestore(home, note);
    return "A restore was interrupted; it is finished now, and what stood in its place is kept.";
  }
  await undoRestore(home, note);
  return "A restore was interrupted, and a copy of it is missing: everything is back where it was before.";
}

async function forget(home: string): Promise<void> {
  await rm(fileOf(home), { force: true });
  await flush(home);
}

/** The file system that a path is on, or will be. */
export function deviceOf(path: string): number {
  for (let at = path; ; at = dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats !== undefined || at === dirname(at)) return stats?.dev ?? -1;
  }
}
