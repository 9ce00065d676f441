import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Why a folder cannot be written in, or made: where, and what is wrong there; null where it can. Nothing is made. */
export function obstacleOf(folder: string): { at: string; why: "is not a folder" | "is not writable" } | null {
  const at = nearest(folder);
  if (!statSync(at).isDirectory()) return { at, why: "is not a folder" };
  try {
    accessSync(at, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return { at, why: "is not writable" }; // the one thing that is asked
  }
}

/** The path itself, or the nearest folder above it that can be seen. */
export function nearest(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      statSync(at);
      return at;
    } catch (error) {
      if (at === dirname(at)) throw error;
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
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`EEXIST: ${path} is not a folder`);
  return missing;
}
