import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { table } from "../src/cli/terminal/table.ts";

/** `npm start`: the whole job on the embedded sample source, one answer out of its data, and where to look next. */
const database = "database/sample/cfpb_complaints.duckdb";
const run = spawnSync(process.execPath, ["src/main.ts", "run", "--source", "sample", ...process.argv.slice(2)], {
  stdio: "inherit",
});
if (run.status !== 0 || !existsSync(database)) process.exit(run.status ?? 1);

const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" });
const connection = await instance.connect();
const answer = await connection.runAndReadAll(`
  select product, format('{:,}', total_complaints), format('{:.1f}', pct_timely), most_common_issue
  from marts.dim_products where level = 'product' order by total_complaints desc limit 5`);
const later = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
const columns = [
  { title: "product" },
  { title: "complaints", align: "right" as const },
  { title: "% in time", align: "right" as const },
  { title: "most common issue" },
];
process.stdout.write(`
What people complain about most (marts.dim_products, made-up data):
${table(
  columns,
  answer.getRows().map((row) => row.map(String)),
)}
Look next:
  npx pipeline state show --source sample       what is loaded, and how far
  npm start                                     again: nothing is new, and dbt is not started
  npm start -- --as-of ${later} --verbose     a later night: rows arrive late, change, disappear
  npx pipeline run                              the real complaints, into database/cfpb_complaints.duckdb
  ${database}        open it with any DuckDB 1.5 client
`);
connection.closeSync();
instance.closeSync();
