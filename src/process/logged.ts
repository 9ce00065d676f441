import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../files/folder.ts";
import { privateMode } from "../files/private-file.ts";

/**
 * Starts a process that outlives this one and is not waited for; what it prints is added to a file that only its owner may read.
 * Throws what `unwritable` makes of it where the file cannot be written.
 */
export function startLogged(
  [command = "", ...args]: readonly string[],
  { env, path, unwritable }: { env: Record<string, string>; path: string; unwritable: (error: Error) => Error },
): ChildProcess {
  const log = openLog(path, unwritable);
  const child = spawn(command, args, { env, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  child.unref();
  return child;
}

function openLog(path: string, unwritable: (error: Error) => Error): number {
  try {
    makeFolder(dirname(path));
    return openSync(path, "a", privateMode);
  } catch (error) {
    throw unwritable(error as Error);
  }
}
