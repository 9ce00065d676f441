import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** The file systems proc and sys, by their numbers in Linux (statfs(2)). */
const takesNoFiles = new Set([0x9fa0, 0x62656572]);

function kindOf(path: string): number {
  try {
    return statfsSync(path).type;
  } catch {
    return 0; // a system that does not tell
  }
}

/** Why a folder cannot be written in, or made: where, and what is wrong there; null where it can. Nothing is made. */
export function obstacleToWriting(folder: string): { at: string; why: "is not a folder" | "is not writable" } | null {
  const at = nearestExisting(folder);
  if (!statSync(at).isDirectory()) return { at, why: "is not a folder" };
  // Of these, access(2) tells root that they can be written.
  if (takesNoFiles.has(kindOf(at))) return { at, why: "is not writable" };
  try {
    accessSync(at, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return { at, why: "is not writable" }; // the one thing that is asked
  }
}

/** The path itself, or the nearest folder above it that can be seen. */
export function nearestExisting(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      statSync(at);
      return at;
    } catch (error) {
      if (at === dirname(at)) throw error;
    }
  }
}

/** Removes folders that were made for nothing, innermost first; one in which something is stays. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // It was not made, or somebody else has put something there.
    }
  }
}

/**
 * Makes a folder and those above it, where they are missing; returns the made ones, innermost first. Throws what the system says. Node's
 * own recursive way never ends where a folder takes no others, as under /proc.
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.push(at);
  for (const folder of missing.toReversed()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process was first.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      removeEmpty(missing);
      throw error;
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`EEXIST: ${path} is not a folder`);
  return missing;
}

/** What an error means for whoever wanted something written to `target`, without the names of our own unfinished files. */
export function whyFailed(error: unknown, target: string): string {
  const { code = "", message, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const at = dest ?? path;
  // What failed elsewhere was read there.
  const isThere = at?.startsWith(dirname(target)) ?? false;
  return (isThere || wherever.has(code) ? reasons[code] : undefined) ?? message.split("\n")[0] ?? "";
}

const wherever = new Set(["ENOSPC", "EDQUOT"]);

const reasons: Record<string, string> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of this user is used up",
  ENOENT: "no folder can be made there",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "a link there leads to itself",
  ENAMETOOLONG: "the name is too long",
  ENOTEMPTY: "something is there already",
  EEXIST: "something is there already",
  EBUSY: "it is in use by the system, such as a mount point",
};
