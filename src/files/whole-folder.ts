import { randomUUID } from "node:crypto";
import { existsSync, lstatSync } from "node:fs";
import { access, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { usageError } from "../run/errors.ts";
import { flush } from "./flush.ts";
import { makeFolder, removeEmpty } from "./folder.ts";

/** Milliseconds after which nobody writes any more what a killed process left. */
const abandonedMs = 24 * 3_600_000;

/** Names that do not make a folder full: what was not finished, and what a file system of its own brings along. */
const isUnfinished = (name: string) => /^\..*unfinished-[\w-]+$/.test(name);
const isNothing = (name: string) => isUnfinished(name) || name === "lost+found";

/** Whether there is no folder at a path, or nothing in it. Throws what the system says of one that cannot be read. */
export async function isMissingOrEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).every(isNothing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

/** Throws `usage` where a folder that `--to` names is not empty, or cannot be read. */
export async function refuseFullFolder(path: string): Promise<void> {
  let problem = "not empty";
  try {
    if (await isMissingOrEmpty(path)) return;
  } catch (error) {
    problem = `not a folder that can be read (${(error as NodeJS.ErrnoException).code})`;
  }
  throw usageError(
    `${path} is ${problem}.`,
    "Name a folder that is empty, or not there yet, with --to.",
    "Nothing was written.",
  );
}

/**
 * Has `write` fill a folder that becomes the one at `path` when it is whole and on the disk; `last` is the file by which readers know
 * that. A folder that is there already stays, since it may be a mount point or the one somebody stands in: its files get their names
 * one by one, `last` at the end, and none takes the place of another. Where anything fails, nothing is left.
 */
export async function writeFolderAtomically(
  path: string,
  last: string,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  const isThere = existsSync(path);
  if (!isThere && lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new Error("it is a link that leads nowhere");
  const parent = isThere ? path : dirname(path);
  const named = `.${isThere ? "" : `${basename(path)}.`}unfinished-${randomUUID().slice(0, 8)}`;
  const unfinished = join(parent, named);
  const madeFolders = makeFolder(parent);
  await removeAbandoned(parent);
  try {
    await mkdir(unfinished);
    await write(unfinished);
    for (const entry of await readdir(unfinished, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await flush(join(entry.parentPath, entry.name));
    }
    await access(join(unfinished, last)); // without it, nobody would take the folder for whole
    if (isThere) await place(unfinished, path, last);
    else await rename(unfinished, path);
    await flush(parent);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    removeEmpty(madeFolders);
  }
}

/** Moves what is in a folder into another one, `last` at the end; takes it back where a name is taken. */
async function place(from: string, to: string, last: string): Promise<void> {
  const placed: string[] = [];
  const names = (await readdir(from)).filter((name) => name !== last);
  try {
    for (const name of [...names, last]) {
      const target = join(to, name);
      if (existsSync(target)) throw new Error(`another process has put ${name} there`);
      await rename(join(from, name), target);
      placed.push(target);
    }
  } catch (error) {
    for (const file of placed) await rm(file, { recursive: true, force: true });
    throw error;
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!isUnfinished(entry)) continue;
    const { mtimeMs } = await stat(join(parent, entry));
    if (Date.now() - mtimeMs > abandonedMs) await rm(join(parent, entry), { recursive: true, force: true });
  }
}
