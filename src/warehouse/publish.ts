import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { checksum } from "../files/checksum.ts";
import { flush } from "../files/flush.ts";
import { makeFolder } from "../files/folder.ts";
import type { Published } from "../pipeline/flow/values.ts";
import { type MartsBuild, type PublishedTable, parseManifest, type SnapshotManifest } from "../pipeline/manifest.ts";
import { expiredSnapshots, snapshotName } from "../pipeline/snapshot-name.ts";
import { sqlLiteral } from "../pipeline/sql-text.ts";
import type { TaskContext } from "../pipeline/steps/ports.ts";
import { PipelineError } from "../run/errors.ts";
import { ProcessLock } from "./duckdb/lock.ts";
import { readLastBuild, readMarts } from "./state/state.ts";

export type PublishRequest = {
  /** The folder of all snapshots. */
  folder: string;
  database: string;
  runId: string;
};

/** Rows that are asked for together stand together, so that readers can skip the others. */
const order: Record<string, string> = {
  fct_complaints: "company, date_received, complaint_id",
  fct_complaint_changes: "company, changed_on, complaint_id, field",
};

/**
 * Writes the marts as Parquet files and makes them the current snapshot in one step: `current` is a link. Does nothing where
 * the current snapshot is of this very build.
 */
export async function publishMarts(
  connection: DuckDBConnection,
  request: PublishRequest,
  { task, signal, report }: TaskContext,
): Promise<Published> {
  const { folder } = request;
  const marts = await readLastBuild(connection);
  const names = await readMarts(connection);
  const before = await currentManifest(folder);
  if (marts === null || names === null)
    return { snapshot: null, tables: 0, rows: {}, reason: "the marts were never built" };
  if (before !== null && before.database === request.database && isSame(before.marts, marts)) {
    return {
      snapshot: before.snapshot,
      tables: before.tables.length,
      rows: rowsOf(before.tables),
      reason: "nothing new",
    };
  }
  let lock: ProcessLock | undefined;
  try {
    makeFolder(folder);
    lock = await lockFolder(folder, signal);
    await removeUnfinished(folder);
    const at = new Date();
    const snapshot = snapshotName(at, request.runId);
    const unfinished = join(folder, `.${snapshot}.unfinished`);
    await mkdir(unfinished);
    const tables: PublishedTable[] = [];
    for (const name of names) {
      signal.throwIfAborted();
      const table = await writeTable(connection, name, unfinished);
      tables.push(table);
      report({ type: "publish.table", task, table: name, rows: table.rows, bytes: table.bytes });
    }
    if (tables.length === 0 && before !== null && before.tables.length > 0)
      throw new Error("the warehouse has no marts to publish");
    const { runId, database } = request;
    const manifest: SnapshotManifest = {
      version: 1,
      snapshot,
      publishedAt: at.toISOString(),
      runId,
      database,
      marts,
      tables,
    };
    await writeFile(join(unfinished, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    // A snapshot that readers see is on the disk, also after a power cut.
    await flush(join(unfinished, "manifest.json"));
    await rename(unfinished, join(folder, snapshot));
    signal.throwIfAborted();
    await makeCurrent(folder, snapshot);
    report({ type: "published", snapshot, tables: tables.length });
    await removeExpired(folder, snapshot, at).catch((error: Error) => {
      report({ type: "upkeep.failed", what: "older snapshots could not be removed", reason: error.message });
    });
    return { snapshot, tables: tables.length, rows: rowsOf(tables), reason: null };
  } catch (error) {
    signal.throwIfAborted();
    throw publishFailed(folder, before, error);
  } finally {
    lock?.release();
  }
}

/** Milliseconds that another process may take to publish into the same folder. */
const patienceMs = 30_000;

/** The right to write into a folder of snapshots, beside that to the warehouse: nobody removes what a living process is writing. */
async function lockFolder(folder: string, signal: AbortSignal): Promise<ProcessLock> {
  for (const started = performance.now(); ; await setTimeout(100, undefined, { signal })) {
    try {
      return ProcessLock.acquire(folder);
    } catch (error) {
      const isHeld = error instanceof PipelineError && error.code === "warehouse_locked";
      if (!isHeld || performance.now() - started > patienceMs) throw error;
    }
  }
}

function rowsOf(tables: readonly PublishedTable[]): Record<string, number> {
  return Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
}

function isSame(one: MartsBuild, other: MartsBuild): boolean {
  return one.runId === other.runId && one.throughLoadNo === other.throughLoadNo && one.project === other.project;
}

/** The manifest of the current snapshot; null where there is none, or it is damaged: then it is made anew. */
async function currentManifest(folder: string): Promise<SnapshotManifest | null> {
  try {
    return parseManifest(await readFile(join(folder, "current", "manifest.json"), "utf8"));
  } catch {
    return null;
  }
}

async function writeTable(connection: DuckDBConnection, name: string, folder: string): Promise<PublishedTable> {
  const file = `${name}.parquet`;
  const path = join(folder, file);
  const written = await connection.runAndReadAll(
    `copy (from marts.${name} order by ${order[name] ?? "all"}) to ${sqlLiteral(path)} (format parquet, compression zstd)`,
  );
  const columns = await connection.runAndReadAll(
    `select column_name, data_type from duckdb_columns()
     where schema_name = 'marts' and database_name = current_database() and table_name = ${sqlLiteral(name)} order by column_index`,
  );
  await flush(path);
  const { bytes, sha256 } = await checksum(path);
  return {
    name,
    file,
    rows: Number(written.value(0, 0)),
    bytes,
    sha256,
    columns: columns.getRows().map(([column, type]) => ({ name: String(column), type: String(type) })),
  };
}

async function makeCurrent(folder: string, snapshot: string): Promise<void> {
  const link = join(folder, `.${snapshot}.link`);
  await symlink(snapshot, link, "dir");
  await rename(link, join(folder, "current"));
}

async function removeExpired(folder: string, current: string, now: Date): Promise<void> {
  for (const name of expiredSnapshots(await readdir(folder), current, now)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** What a killed run left. The lock of the folder says that no other process is writing it. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\..*\.(unfinished|link)$/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function publishFailed(folder: string, before: SnapshotManifest | null, error: unknown): PipelineError {
  const cause = error instanceof PipelineError ? error.message : error instanceof Error ? error.message : String(error);
  return new PipelineError(
    {
      code: "publish_failed",
      message: `The marts could not be published in ${folder}: ${cause.split("\n")[0]}`,
      data:
        "The loaded complaints, the marts and the watermarks are committed. " +
        (before === null ? "Nothing is published yet." : `Readers still see the snapshot of ${before.publishedAt}.`),
      next: "Fix the cause and run again: the next run publishes.",
    },
    { cause: error },
  );
}
