import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { PipelineError } from "../../run/errors.ts";

/** What makes a warehouse of version n - 1 one of version n, in order. */
export type Migrations = readonly string[];

/** The migrations of this program. Released ones never change. */
export function ownMigrations(): Migrations {
  const folder = new URL("./migrations/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().map((file) => readFileSync(new URL(file, folder), "utf8"));
}

/** What the table of migrations is called by no other tool: the file is a warehouse of this program. */
const mark = "cfpb-pipeline warehouse";

/** Schemas that this program makes tables in; dbt makes those of the others. */
const ownSchemas = ["raw", "pipeline"];

/** Brings the tables of a warehouse up to date, in one transaction; a copy of an older one is kept beside it. */
export async function migrate(
  connection: DuckDBConnection,
  path: string,
  migrations: Migrations,
  relations: readonly string[],
): Promise<void> {
  const have = await currentVersion(connection, path, migrations, relations);
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
  await connection.run(`comment on table pipeline.migrations is ${sqlLiteral(mark)}`);
  await connection.run("commit");
}

/**
 * How many of the migrations a file has; 0 where it is no warehouse yet. `relations` are the tables and views that dbt makes, such as
 * `marts.fct_complaints`. Throws `warehouse_foreign` where something of a name that this program writes is somebody else's, and
 * `warehouse_newer`.
 */
export async function currentVersion(
  connection: DuckDBConnection,
  path: string,
  migrations: Migrations,
  relations: readonly string[],
): Promise<number> {
  const found = await relationsOf(connection);
  const known = found.get("pipeline.migrations");
  if (known === undefined) {
    const own = new Set([...(await tablesOf(migrations)).keys(), ...relations]);
    const strange = [...found.keys()].find((name) => own.has(name));
    if (strange !== undefined) throw foreign(path, strange);
    return 0;
  }
  const isMarked = known.comment === mark;
  if (!isMarked && known.columns !== "applied_at, version") throw foreign(path, "pipeline.migrations");
  const versions = await connection.runAndReadAll("select version from pipeline.migrations order by version");
  const numbers = versions.getRows().map(([version]) => Number(version));
  const isCounted = numbers.length > 0 && numbers.every((version, i) => version === i + 1);
  if (!isMarked && !isCounted) throw foreign(path, "pipeline.migrations");
  const have = Math.max(0, ...numbers);
  if (have > migrations.length) throw newer(path, have, migrations.length);
  if (isMarked) return have;
  // A warehouse from before there was a mark has all the tables of its version, with their columns.
  for (const [name, { columns }] of await tablesOf(migrations.slice(0, have))) {
    if (found.get(name)?.columns !== columns) throw foreign(path, name);
  }
  return have;
}

type Relation = { columns: string; comment: string | null };

/** The tables and views of a database by their names with schema, in lower case since DuckDB ignores it, their columns sorted. */
async function relationsOf(connection: DuckDBConnection): Promise<Map<string, Relation>> {
  const result = await connection.runAndReadAll(`
    select lower(c.schema_name || '.' || c.table_name), string_agg(lower(c.column_name), ', ' order by lower(c.column_name)), any_value(t.comment)
    from duckdb_columns() c left join duckdb_tables() t on t.table_oid = c.table_oid and t.database_oid = c.database_oid
    where c.database_name = current_database() and not c.internal
    group by 1 order by 1`);
  return new Map(
    result
      .getRows()
      .map(([name, columns, comment]) => [
        String(name),
        { columns: String(columns), comment: comment === null ? null : String(comment) },
      ]),
  );
}

/** The tables that migrations make. */
async function tablesOf(migrations: Migrations): Promise<Map<string, Relation>> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  try {
    const connection = await instance.connect();
    for (const sql of migrations) await connection.run(sql);
    const tables = await relationsOf(connection);
    connection.closeSync();
    return new Map([...tables].filter(([name]) => ownSchemas.includes(name.split(".")[0]!)));
  } finally {
    instance.closeSync();
  }
}

function newer(path: string, have: number, known: number): PipelineError {
  return new PipelineError({
    code: "warehouse_newer",
    message: `The warehouse ${path} has tables of a newer version of this program (${have}, known here: ${known}).`,
    data: "The file was not touched.",
    next: "Update this program, or name another file with --database.",
  });
}

function foreign(path: string, relation: string): PipelineError {
  return new PipelineError({
    code: "warehouse_foreign",
    message: `The database ${path} has a table or view ${relation} that this program did not make.`,
    data: "The file was not touched.",
    next: "Name another file, or a path where no file is yet, with --database. Where the warehouse was moved while dbt ran, dbt made this file: remove it.",
  });
}
