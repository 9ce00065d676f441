import { homedir, platform } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Where things are kept that can be made again: `XDG_CACHE_HOME`, or the usual place in the user's home directory. A user
 * without one has them in the home of the pipeline.
 */
export function defaultCacheDir(home: string): string {
  const { XDG_CACHE_HOME = "" } = process.env;
  // The XDG Base Directory Specification has relative paths ignored.
  if (isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "cfpb-pipeline");
  const user = homeOfUser();
  if (user === null) return join(resolve(home), "cache");
  return join(user, ...(platform() === "darwin" ? ["Library", "Caches"] : [".cache"]), "cfpb-pipeline");
}

/** Null where the system knows of none: containers run as users of their own. */
function homeOfUser(): string | null {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : null;
  } catch {
    return null; // no HOME, and no entry in the list of users
  }
}
