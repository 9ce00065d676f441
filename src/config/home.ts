import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export const defaultHome = "database";

/** The folder of everything that is kept; the sample source's own, since made-up and real complaints never share one. */
export function ownHome(home: string, source: string): string {
  return source === "sample" ? join(resolve(home), "sample") : resolve(home);
}

/**
 * The home by the same order as the whole configuration (flag, environment, file, default), without checking the rest of it:
 * looking at the history needs no more, and is quick.
 */
export async function findHome(flags: { home?: string; source?: string }, file: string | undefined): Promise<string> {
  const { PIPELINE_HOME, PIPELINE_SOURCE } = process.env;
  const named = flags.home ?? PIPELINE_HOME;
  const isThere = file !== undefined || [named ?? ".", "."].some((folder) => existsSync(join(folder, "pipeline.yaml")));
  const settings = isThere ? (await import("./file.ts")).readConfigFile(file, named).settings : {};
  const home = named ?? settings.home ?? defaultHome;
  const source = flags.source ?? PIPELINE_SOURCE ?? settings.source ?? "";
  return ownHome(String(home), String(source));
}
