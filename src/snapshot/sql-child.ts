import { once } from "node:events";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import {
  DuckDBArrayType,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListType,
  DuckDBMapType,
  type DuckDBResult,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
  type DuckDBValue,
  type Json,
  JsonDuckDBValueConverter,
} from "@duckdb/node-api";
import { sqlIdentifier, sqlLiteral } from "../pipeline/sql-text.ts";
import { forbiddenFunctions, type KnownFunction, type Names, type SerializedSql, whyRefused } from "./guard.ts";
import type { ChildSetup, ResultEnd, SqlRequest, SqlResponse } from "./protocol.ts";

// A process of its own for SQL that somebody typed: it can be killed where DuckDB does not listen, inside one long call.
const setup = JSON.parse(process.argv[2] ?? "{}") as ChildSetup;
// DuckDB's own limit does not hold within one function call, and such a call may hold this thread: another one looks at the
// size of the process. SIGKILL is what the parent takes for it.
const watch = "setInterval(() => process.memoryUsage.rss() > limit && process.kill(process.pid, 'SIGKILL'), 50)";
new Worker(`const limit = ${setup.memoryMegabytes} * 1024 * 1024; ${watch}`, { eval: true }).unref();

/** Digits of a decimal that JavaScript's numbers hold exactly. */
const exactDigits = 15;
/** Bytes of a line of rows, about: what reads it keeps a few lines, however wide the rows are. */
const lineBytes = 1_000_000;

const connection = await open();
const names = await namesOf(connection);
for await (const line of createInterface({ input: process.stdin })) {
  await answer(connection, JSON.parse(line) as SqlRequest);
}
process.exit(0); // whoever asked is gone

async function open(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(setup.threads),
    memory_limit: `${Math.ceil(setup.memoryMegabytes * 0.75)}MB`,
    temp_directory: "",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  });
  const made = await instance.connect();
  for (const { name, file } of setup.tables) {
    await made.run(`create view ${sqlIdentifier(name)} as from read_parquet(${sqlLiteral(file)})`);
  }
  await made.run(`
    set timezone = 'UTC';
    set allowed_paths = [${setup.tables.map(({ file }) => sqlLiteral(file)).join(", ")}];
    set enable_external_access = false;
    set lock_configuration = true`);
  return made;
}

/** What statements may name, and what they may not. */
async function namesOf(duckdb: DuckDBConnection): Promise<Names> {
  const functions = await duckdb.runAndReadAll(
    `select distinct lower(function_name) as name, schema_name as schema, function_type as type, stability
     from duckdb_functions()`,
  );
  const internal = await duckdb.runAndReadAll(
    "select distinct lower(view_name) from duckdb_views() where internal and schema_name in ('main', 'pg_catalog')",
  );
  return {
    tables: new Set(setup.tables.map(({ name }) => name.toLowerCase())),
    functions: forbiddenFunctions(functions.getRowObjectsJson() as KnownFunction[]),
    internal: new Set(internal.getRowsJson().map(([name]) => String(name))),
  };
}

async function answer(duckdb: DuckDBConnection, request: SqlRequest): Promise<void> {
  const { sql } = request;
  try {
    const serialized = await duckdb.runAndReadAll("select json_serialize_sql(cast($1 as varchar))", [sql]);
    const reason = whyRefused(JSON.parse(String(serialized.value(0, 0))) as SerializedSql, names);
    if (reason !== null) return await say({ error: { kind: "refused", message: reason } });
    const result = await duckdb.stream(sql);
    const columns = result.columnNames();
    const unnamed = columns.find((_, i) => hasUnnamed(result.columnType(i)));
    if (unnamed !== undefined) {
      const message = `the column ${unnamed} is a struct whose fields have no names of their own: name them, such as {'a': 1}`;
      return await say({ error: { kind: "failed", message } });
    }
    await say({ columns: columns.map((name, i) => ({ name, type: result.columnType(i).toString() })) });
    await say({ end: await sayRows(result, request) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await say({ error: { kind: "failed", message } });
  }
}

/** Whether a type has a struct whose fields cannot be told apart by their names: what reads it would keep one of them. */
function hasUnnamed(type: DuckDBType): boolean {
  if (type instanceof DuckDBStructType) {
    const { entryNames, entryTypes } = type;
    const isOdd = entryNames.some((name, i) => ["", "__proto__"].includes(name) || entryNames.indexOf(name) !== i);
    return isOdd || entryTypes.some(hasUnnamed);
  }
  if (type instanceof DuckDBUnionType) return type.memberTypes.some(hasUnnamed);
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) return hasUnnamed(type.valueType);
  return type instanceof DuckDBMapType && (hasUnnamed(type.keyType) || hasUnnamed(type.valueType));
}

/** Says the rows of a result, a line for about as many as fill it. */
async function sayRows(result: DuckDBResult, { maxRows, maxBytes }: SqlRequest): Promise<ResultEnd> {
  let [rows, bytes, waiting] = [0, 0, 0];
  let line: string[] = [];
  const flush = async () => {
    if (line.length > 0) await write(`{"rows":[${line.join(",")}]}`);
    [line, waiting] = [[], 0];
  };
  for await (const chunk of result) {
    for (let i = 0; i < chunk.rowCount; i++) {
      const text = JSON.stringify(chunk.convertRowValues(i, toJson));
      const size = Buffer.byteLength(text);
      const isCut = bytes + size > (maxBytes ?? Number.POSITIVE_INFINITY);
      if (isCut || rows === maxRows) {
        await flush();
        return { more: true, isCut };
      }
      line.push(text);
      [rows, bytes, waiting] = [rows + 1, bytes + size, waiting + size];
      if (waiting >= lineBytes) await flush();
    }
    await flush();
  }
  return { more: false, isCut: false };
}

function say(line: SqlResponse): Promise<void> {
  return write(JSON.stringify(line));
}

async function write(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
}

/** Numbers stay numbers where JavaScript holds them exactly; everything else as DuckDB writes it. */
function toJson(value: DuckDBValue, type: DuckDBType): Json {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (type.typeId === DuckDBTypeId.DECIMAL && value !== null) {
    const text = String(value);
    const digits = text
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/^-?0*\.?0*/, "")
      .replace(".", "");
    return digits.length <= exactDigits ? Number(text) : text;
  }
  return JsonDuckDBValueConverter(value, type, toJson as typeof JsonDuckDBValueConverter);
}
