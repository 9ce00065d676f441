import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config.ts";
import { refuseOtherDatabase } from "../home-record.ts";
import { factsOf } from "../pipeline/errors.ts";
import { readRestoreNote } from "../restore-note.ts";
import { type Finding, failure, ok, sizeText, warning } from "./finding.ts";

/** The oldest Node that this program runs on. */
const oldestNode = [22, 19] as const;

export function checkNode(version: string, program: string): Finding[] {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  const what = `pipeline ${program} on Node ${version}, ${process.platform} ${process.arch}`;
  return isOld ? [failure("versions", what, `Install Node ${oldestNode.join(".")} or newer.`)] : [ok("versions", what)];
}

/** The home must be writable, or the folder that it will be made in. */
export function checkHome({ home, database }: Config): Finding[] {
  if (readRestoreNote(home) !== null) {
    const what = "a restore is under way, or was interrupted: files of the backup and of before stand side by side";
    return [failure("home", what, "pipeline state show, which finishes it.")];
  }
  const there = nearest(home);
  if (!statSync(there).isDirectory()) {
    return [failure("home", `${there} is not a folder`, "Name another home with --home, or move the file away.")];
  }
  try {
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [
      failure("home", `${there} is not writable for this user`, `chown or chmod it, or name another home with --home.`),
    ];
  }
  try {
    refuseOtherDatabase(home, database);
  } catch (error) {
    const { what, next } = factsOf(error);
    return [failure("home", what.replace(/\.$/, ""), next)];
  }
  return [ok("home", there === home ? home : `${home}, made by the first run`)];
}

/** Free bytes that a run wants at least; a warehouse is copied once when it is migrated. */
const leastFree = 1e9;

export function checkDisk({ home, database }: Config): Finding[] {
  const size = statSync(database, { throwIfNoEntry: false })?.size ?? 0;
  const wanted = Math.max(leastFree, 2 * size);
  return [...new Set([nearest(home), nearest(dirname(database))])].slice(0, 2).flatMap((folder, i, all) => {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const what = `${sizeText(free)} free for ${folder}`;
    if (free < wanted / 5) return [failure("disk", what, `Free some: a run wants ${sizeText(wanted)}.`)];
    if (free < wanted) return [warning("disk", what, `Free some: a run wants ${sizeText(wanted)}.`)];
    return i === 0 || all.length > 1 ? [ok("disk", what)] : [];
  });
}

/** The path itself, or the nearest folder above it that is there. */
function nearest(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    if (statSync(at, { throwIfNoEntry: false }) !== undefined || at === dirname(at)) return at;
  }
}
