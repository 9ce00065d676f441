import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { flush } from "./flush.ts";
import { makeFolder } from "./folder.ts";

/** Milliseconds after which nobody writes any more what a killed process left. */
const abandonedMs = 86_400_000;

/** Names that do not make a folder full: what was not finished, and what a file system of its own brings along. */
const isNothing = (name: string) => /^\..*unfinished-\d+$/.test(name) || name === "lost+found";

/** Whether there is no folder at a path, or nothing in it. Throws what the system says of one that cannot be read. */
export async function isFree(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).every(isNothing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

/**
 * Has `write` fill a folder that becomes the one at `path` when it is whole and on the disk; `last` is the file by which readers know
 * that. A folder that is there already stays, since it may be a mount point or the one somebody stands in: its files get their names
 * one by one, `last` at the end. Where anything fails, nothing is left.
 */
export async function writeWhole(path: string, last: string, write: (folder: string) => Promise<void>): Promise<void> {
  const isThere = existsSync(path);
  const parent = isThere ? path : dirname(path);
  const named = `.${isThere ? "" : `${basename(path)}.`}unfinished-${process.pid}`;
  const unfinished = join(parent, named);
  const placed: string[] = [];
  makeFolder(parent);
  await removeAbandoned(parent);
  try {
    await mkdir(unfinished);
    await write(unfinished);
    await flush(join(unfinished, last));
    if (!isThere) {
      await rename(unfinished, path);
    } else {
      const names = (await readdir(unfinished)).filter((name) => name !== last);
      for (const name of [...names, last]) {
        placed.push(join(path, name));
        await rename(join(unfinished, name), join(path, name));
      }
    }
    await flush(parent);
  } catch (error) {
    for (const file of placed) await rm(file, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!/^\..*unfinished-\d+$/.test(entry)) continue;
    // Its number says nothing: it may be of a process in another container that has this folder, too.
    const { mtimeMs } = await stat(join(parent, entry));
    if (Date.now() - mtimeMs > abandonedMs) await rm(join(parent, entry), { recursive: true, force: true });
  }
}
