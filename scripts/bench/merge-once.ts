import { rmSync, statSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { fields } from "../../src/pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../src/pipeline/sql-text.ts";
import { Database } from "../../src/warehouse/duckdb/database.ts";
import { mergeLoad } from "../../src/warehouse/load/load.ts";
import { endStaging, type Staged } from "../../src/warehouse/staging/staging.ts";

/**
 * One process of the merge benchmark: `node merge-once.ts keyless|key <database> <memory limit>`. Loads 300,000 rows with texts
 * three times: new, unchanged, 1% changed. Prints milliseconds from the start of the transaction to the end of its commit.
 */
const [way, path = "", memoryLimit = ""] = process.argv.slice(2);
const rows = 300_000;
/** As a page beside the database would be staged. */
const pages = `${path}.parquet`;
const columns = fields.join(", ");
const database = await Database.open({ path, memoryLimit, threads: 2, relations: [] });
const signal = new AbortController().signal;
const context = { task: "bench", attempt: 1, signal, report: () => undefined, traffic: { requests: 0, bytes: 0 } };
const request = {
  scope: {
    ...{ id: "acme", company: "acme", names: ["ACME BANK"], strategy: "pages" as const },
    window: { from: "2020-01-01", to: "2026-12-31" },
  },
  window: { from: "2020-01-01", to: "2026-12-31" },
  source: "live",
  withdrawals: "usual" as const,
};

/** Rows with a text of 500 characters each third; `round` changes one in a hundred. */
async function stageRows(connection: DuckDBConnection, round: number): Promise<void> {
  await connection.run(`
    copy (
      select ${fields.map((field) => `${sampleValue(field, round)} as ${field}`).join(", ")},
        0 as _missing, 0 as _null, 0 as _coarse, false as _odd, false as _outside, null::json as _extra, null::varchar as _reason, null::varchar as _raw
      from range(${rows}) r(i)
    ) to ${sqlLiteral(pages)} (format parquet, row_group_size 10240)`);
}

function sampleValue(field: string, round: number): string {
  if (field === "complaint_id") return "(10000000 + i)::varchar";
  if (field.startsWith("date_")) return "timestamptz '2020-01-01 12:00:00+00' + interval 1 hour * (i % 60000)";
  if (field === "company") return "'ACME BANK'";
  if (field === "complaint_what_happened") return "if(i % 3 = 0, repeat(md5(i::varchar), 15), null)";
  const value = `'${field} ' || (i % 50)`;
  return field === "company_response" && round === 2 ? `if(i % 100 = 0, 'Closed', ${value})` : value;
}

async function mergeByKey(connection: DuckDBConnection, staged: Staged): Promise<void> {
  const rest = fields.filter((field) => field !== "complaint_id");
  await connection.run("begin");
  await connection.run(`
    insert into keyed (${columns}, _load_id, _loaded_at) select ${columns}, 'load', now() from ${staged.from}
    on conflict (complaint_id) do update set
      ${rest.map((field) => `${field} = excluded.${field}`).join(", ")}, _load_id = 'load', _loaded_at = now()
    where ${rest.map((field) => `keyed.${field} is distinct from excluded.${field}`).join(" or ")}`);
  await connection.run("commit");
}

if (way === "key") {
  await database.connection(async (connection) => {
    await connection.run("create table keyed as from raw.cfpb_complaints");
    await connection.run("alter table keyed add primary key (complaint_id)");
  });
}
const ms: number[] = [];
for (let round = 0; round < 3; round++) {
  await database.connection(async (connection) => {
    await stageRows(connection, round);
    const staged = await endStaging(
      connection,
      [{ landed: { path, format: "search-json" }, path: pages, scope: null }],
      request.scope,
      null,
    );
    const started = performance.now();
    if (way === "key") await mergeByKey(connection, staged);
    else
      await mergeLoad(
        connection,
        { ...request, runId: `load ${round}` },
        { expected: rows, lastIndexed: null, askedOn: "2026-11-20" },
        staged,
        context,
      );
    ms.push(performance.now() - started);
  });
}
database.close();
const megabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ ms, megabytes, file: statSync(path).size / 1e6 }));
for (const file of [path, pages]) rmSync(file);
