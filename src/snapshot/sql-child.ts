import { once } from "node:events";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  type Json,
  JsonDuckDBValueConverter,
} from "@duckdb/node-api";
import { literal } from "../pipeline/literal.ts";
import { refusal, type SerializedSql } from "./guard.ts";
import type { Answer, ChildSetup, Question, Value } from "./protocol.ts";

// A process of its own for SQL that somebody typed: it can be killed where DuckDB does not listen, inside one long call.
const setup = JSON.parse(process.argv[2] ?? "{}") as ChildSetup;
// DuckDB's own limit does not hold within one function call, and such a call may hold this thread: another one looks at the
// size of the process. SIGKILL is what the parent takes for it.
const watch = "setInterval(() => process.memoryUsage.rss() > limit && process.kill(process.pid, 'SIGKILL'), 50)";
new Worker(`const limit = ${setup.memoryMegabytes} * 1024 * 1024; ${watch}`, { eval: true }).unref();

const connection = await open();
for await (const line of createInterface({ input: process.stdin })) {
  await answer(connection, JSON.parse(line) as Question);
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
  for (const { name, path } of setup.tables) {
    await made.run(`create view "${name.replaceAll('"', '""')}" as from read_parquet(${literal(path)})`);
  }
  await made.run(`
    set timezone = 'UTC';
    set allowed_paths = [${setup.tables.map(({ path }) => literal(path)).join(", ")}];
    set enable_external_access = false;
    set lock_configuration = true`);
  return made;
}

async function answer(duckdb: DuckDBConnection, { sql, maxRows }: Question): Promise<void> {
  try {
    const serialized = await duckdb.runAndReadAll("select json_serialize_sql(cast($1 as varchar))", [sql]);
    const reason = refusal(JSON.parse(String(serialized.value(0, 0))) as SerializedSql);
    if (reason !== null) return await say({ error: { kind: "refused", message: reason } });
    const result = await duckdb.stream(sql);
    const names = result.columnNames();
    await say({ columns: names.map((name, i) => ({ name, type: result.columnType(i).toString() })) });
    let left = maxRows ?? Number.POSITIVE_INFINITY;
    for await (const rows of result.yieldConvertedRows(toJson)) {
      if (rows.length > left) {
        if (left > 0) await say({ rows: rows.slice(0, left) as Value[][] });
        return await say({ end: { more: true } });
      }
      left -= rows.length;
      await say({ rows: rows as Value[][] });
    }
    await say({ end: { more: false } });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await say({ error: { kind: "failed", message } });
  }
}

async function say(line: Answer): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, "drain");
}

/** Numbers stay numbers where JavaScript holds them exactly; everything else as DuckDB writes it. */
function toJson(value: DuckDBValue, type: DuckDBType): Json {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (type.typeId === DuckDBTypeId.DECIMAL && value !== null) return Number(String(value));
  return JsonDuckDBValueConverter(value, type, toJson as typeof JsonDuckDBValueConverter);
}
