import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { PipelineError } from "../pipeline/errors.ts";

/** What makes a warehouse of version n - 1 one of version n, in order. */
export type Migrations = readonly string[];

/** The migrations of this program. Released ones never change. */
export function ownMigrations(): Migrations {
  const folder = new URL("./migrations/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().map((file) => readFileSync(new URL(file, folder), "utf8"));
}

/** Brings the tables of a warehouse up to date, in one transaction; a copy of an older one is kept beside it. */
export async function migrate(connection: DuckDBConnection, path: string, migrations: Migrations): Promise<void> {
  const have = await currentVersion(connection, path);
  if (have > migrations.length) throw newer(path, have, migrations.length);
  if (have === migrations.length) return;
  if (have > 0) {
    await connection.run("checkpoint");
    copyFileSync(path, `${path}.version-${have}.backup`);
  }
  await connection.run("begin");
  for (const [index, sql] of migrations.entries()) {
    if (index < have) continue;
    await connection.run(sql);
    await connection.run("create table if not exists pipeline.migrations (version integer, applied_at timestamptz)");
    await connection.run(`insert into pipeline.migrations values (${index + 1}, now())`);
  }
  await connection.run("commit");
}

/** How many of the migrations a file has; 0 where it has no table of this program. Throws `warehouse_foreign`. */
export async function currentVersion(connection: DuckDBConnection, path: string): Promise<number> {
  const tables = await connection.runAndReadAll(
    "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('raw', 'pipeline')",
  );
  const names = tables.getRows().map(([name]) => String(name));
  if (!names.includes("pipeline.migrations")) {
    const own = ["raw.cfpb_complaints", "raw.cfpb_complaints_rejected", "pipeline.loads", "pipeline.state"];
    const strange = names.find((name) => own.includes(name));
    if (strange !== undefined) throw foreign(path, strange);
    return 0;
  }
  const version = await connection.runAndReadAll("select coalesce(max(version), 0) from pipeline.migrations");
  return Number(version.value(0, 0));
}

function newer(path: string, have: number, known: number): PipelineError {
  return new PipelineError({
    code: "warehouse_newer",
    what: `The warehouse ${path} has tables of a newer version of this program (${have}, known here: ${known}).`,
    data: "The file was not touched.",
    next: "Update this program, or name another file with --database.",
  });
}

function foreign(path: string, table: string): PipelineError {
  return new PipelineError({
    code: "warehouse_foreign",
    what: `The database ${path} has a table ${table} that this program did not make.`,
    data: "The file was not touched.",
    next: "Name another file, or a path where no file is yet, with --database.",
  });
}
