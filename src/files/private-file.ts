import { accessSync, closeSync, constants, openSync, statSync } from "node:fs";

/** Of a file that only its owner may read and write. */
export const privateMode = 0o600;

/** Makes an empty file that only its owner may read, where none is. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, "a", privateMode));
}

/** Who besides its owner may do what with a file or a folder, by its mode; null where there is none. */
export function permissionsOfOthers(path: string): { read: boolean; write: "all" | "group" | null } | null {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return null;
  return { read: (mode & 0o044) !== 0, write: (mode & 0o002) !== 0 ? "all" : (mode & 0o020) !== 0 ? "group" : null };
}

/** Whether this user may not read a file. */
export function isForbidden(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
}
