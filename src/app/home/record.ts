import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import * as z from "zod";
import { makeFolder, obstacleToWriting } from "../../files/folder.ts";
import { parseManifest } from "../../pipeline/manifest.ts";
import { sourceIdentity } from "../../pipeline/source-identity.ts";
import { PipelineError } from "../../run/errors.ts";
import { publishedFolder } from "./published.ts";
import { withRuns } from "./runs.ts";

/** A home, and the file of its warehouse. */
export type HomePaths = { home: string; database: string };

/** What a home belongs to: one warehouse, with the complaints of one source. Null where that is not known. */
export type HomeRecord = { source: string | null; database: string | null };

const schema = z.object({ source: z.string().nullable(), database: z.string().nullable() });

const fileOf = (home: string) => join(home, "home.json");

/** Throws `home_unwritable` where a home cannot be written, or made: for whatever is about to write there. */
export function checkWritable(home: string): void {
  const obstacle = obstacleToWriting(home);
  if (obstacle === null) return;
  throw new PipelineError({
    code: "home_unwritable",
    message: `The home ${home} cannot be ${existsSync(home) ? "written" : "made"}: ${obstacle.at} ${obstacle.why}.`,
    data: "Nothing was read or changed.",
    next: "Make it writable for this user (chown, chmod, a mount that is not read-only), or name another home with --home.",
  });
}

/** Reads which source and warehouse a home belongs to. For homes without the record, uses the snapshot and the last run that loaded rows. */
export async function readHomeRecord(home: string): Promise<HomeRecord> {
  try {
    const { source, database } = schema.parse(JSON.parse(readFileSync(fileOf(home), "utf8")));
    return { source, database: database === null ? null : resolve(home, database) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unreadable(home, error);
  }
  return { source: null, database: publishedDatabase(home) ?? (await lastDatabase(home)) };
}

/** Remembers what a home belongs to; a warehouse inside of it by its place there, so that the home may be moved. */
export function writeHomeRecord(home: string, { source, database }: { source: string | null; database: string }): void {
  const inside = relative(realPath(home), realPath(database));
  const place = inside.startsWith("..") || isAbsolute(inside) ? realPath(database) : inside;
  const text = `${JSON.stringify({ source, database: place }, null, 2)}\n`;
  makeFolder(home);
  if (existsSync(fileOf(home)) && readFileSync(fileOf(home), "utf8") === text) return;
  const unfinished = `${fileOf(home)}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, fileOf(home));
}

/** Throws `database_differs` where the home belongs to another warehouse file that is still there. */
export async function refuseOtherDatabase(home: string, database: string): Promise<void> {
  const recorded = (await readHomeRecord(home)).database;
  if (recorded === null || isSameFile(recorded, database)) return;
  throw new PipelineError({
    code: "database_differs",
    message: `This home (${home}) belongs to ${basename(recorded)}; give ${basename(database)} a home of its own with --home.`,
    data: "Nothing was read or changed.",
    next:
      `Use \`--home NEW --database ${database}\`, or leave --database out for ${recorded}. ` +
      "Where the warehouse was renamed or moved, take the old file away first.",
  });
}

/** Whether two paths are of one warehouse. One that is gone was moved to the other. */
export function isSameFile(recorded: string, given: string): boolean {
  return !existsSync(recorded) || realPath(recorded) === realPath(given);
}

/** The source of a run as the history recorded it; null where it does not know the run. */
export function sourceOfRun(home: string, runId: string): Promise<string | null> {
  return withRuns(home, async (history) => {
    const [run] = await history.find(runId);
    return run === undefined ? null : sourceIdentity(run.source);
  });
}

/** Throws `source_differs` where complaints of another source are already there. */
export function refuseOtherSource(recorded: string | null, given: string, what: string): void {
  if (recorded === null || recorded === given) return;
  throw new PipelineError({
    code: "source_differs",
    message: `${what} complaints of ${named(recorded)}, and this would mix those of ${named(given)} with them.`,
    data: "Nothing was read or changed.",
    next: "Use another --home, or the --source that was loaded; to go on with the other one all the same, add --accept-source.",
  });
}

function named(identity: string): string {
  if (identity === "live") return "the live source";
  return identity === "sample" ? "the made-up sample source" : `the source ${identity}`;
}

function publishedDatabase(home: string): string | null {
  try {
    return parseManifest(readFileSync(join(publishedFolder(home), "current", "manifest.json"), "utf8")).database;
  } catch {
    return null; // nothing is published, or it is damaged: then it says nothing
  }
}

function lastDatabase(home: string): Promise<string | null> {
  const isLoaded = ({ rows }: { rows: number | null }) => (rows ?? 0) > 0;
  return withRuns(home, async (history) => (await history.list({ limit: 200 })).find(isLoaded)?.database ?? null);
}

/** A path without links; of one that is not there yet, its folder's. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return path === dirname(path) ? path : join(realPath(dirname(path)), basename(path));
}

function unreadable(home: string, cause: unknown): PipelineError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
  return new PipelineError(
    {
      code: "config_invalid",
      message: `${fileOf(home)} cannot be read: ${why.replaceAll("\n", " ").trim()}.`,
      data: "Nothing was read or changed.",
      next: "Remove the file: the next run that loads writes it again.",
    },
    { cause },
  );
}
