import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { nearestExisting } from "../../files/folder.ts";
import { formatBytes } from "../../pipeline/report/format.ts";
import { factsOf } from "../../run/errors.ts";
import { checkWritable, type HomePaths, refuseOtherDatabase } from "../home/record.ts";
import { readRestoreNote } from "../home/restore-note.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** The oldest Node that this program runs on. */
const oldestNode = [22, 19] as const;

export function checkNode(version: string, program: string): Finding[] {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  const what = `pipeline ${program} on Node ${version}, ${process.platform} ${process.arch}`;
  return isOld ? [failure("versions", what, `Install Node ${oldestNode.join(".")} or newer.`)] : [ok("versions", what)];
}

/** The home must be writable, or the folder that it will be made in. */
export async function checkHome({ home, database }: HomePaths): Promise<Finding[]> {
  if (readRestoreNote(home) !== null) {
    const what = "a restore is under way, or was interrupted: files of the backup and of before stand side by side";
    return [failure("home", what, "pipeline state show, which finishes it.")];
  }
  try {
    checkWritable(home);
    await refuseOtherDatabase(home, database);
  } catch (error) {
    const { message, next } = factsOf(error);
    return [failure("home", message.replace(/\.$/, ""), next)];
  }
  return [ok("home", existsSync(home) ? home : `${home}, made by the first run`)];
}

/** Free bytes that a run wants at least; a warehouse is copied once when it is migrated. */
const leastFree = 1e9;

export function checkDisk({ home, database }: HomePaths): Finding[] {
  const size = statSync(database, { throwIfNoEntry: false })?.size ?? 0;
  const wanted = Math.max(leastFree, 2 * size);
  return [...new Set([nearestExisting(home), nearestExisting(dirname(database))])]
    .slice(0, 2)
    .flatMap((folder, i, all) => {
      const { bavail, bsize } = statfsSync(folder);
      const free = bavail * bsize;
      const what = `${formatBytes(free)} free for ${folder}`;
      if (free < wanted / 5) return [failure("disk", what, `Free some: a run wants ${formatBytes(wanted)}.`)];
      if (free < wanted) return [warning("disk", what, `Free some: a run wants ${formatBytes(wanted)}.`)];
      return i === 0 || all.length > 1 ? [ok("disk", what)] : [];
    });
}
