import { readdirSync, readFileSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { PipelineError } from "../pipeline/errors.ts";

const folder = new URL("./migrations/", import.meta.url);

/** Brings the tables of a warehouse up to date, each migration in a transaction. Released migrations never change. */
export async function migrate(connection: DuckDBConnection, path: string): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  const have = await currentVersion(connection);
  if (have > files.length) {
    throw new PipelineError({
      code: "warehouse_newer",
      what: `The warehouse ${path} has tables of a newer version of this program (${have}, known here: ${files.length}).`,
      data: "The file was not touched.",
      next: "Update this program, or name another file with --database.",
    });
  }
  for (const [index, file] of files.sort().entries()) {
    if (index < have) continue;
    await connection.run("begin");
    await connection.run(readFileSync(new URL(file, folder), "utf8"));
    await connection.run("create table if not exists pipeline.migrations (version integer, applied_at timestamptz)");
    await connection.run(`insert into pipeline.migrations values (${index + 1}, now())`);
    await connection.run("commit");
  }
}

async function currentVersion(connection: DuckDBConnection): Promise<number> {
  const known = await connection.runAndReadAll(
    "select 1 from duckdb_tables() where schema_name = 'pipeline' and table_name = 'migrations'",
  );
  if (known.currentRowCount === 0) return 0;
  const version = await connection.runAndReadAll("select coalesce(max(version), 0) from pipeline.migrations");
  return Number(version.value(0, 0));
}
