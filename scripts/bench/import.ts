import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/**
 * The import of a zip of all complaints against DuckDB's own `CREATE TABLE AS SELECT * FROM read_csv` of the file in it, and the memory that it takes
 * with ten times the rows. Ratios within one run; each is a process of its own.
 */
const run = promisify(execFile);
const rounds = 3;
const asOf = "2026-11-20";
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** The zip that the sample source has at a scale: 1 is about 350,000 rows. */
async function zipOf(scale: number): Promise<string> {
  const sample = await spawnSample({ asOf, scale }, new AbortController().signal);
  const path = join(folder, `${scale}.zip`);
  try {
    await run("curl", ["--silent", "--fail", "--output", path, sample.bulkUrl]);
  } finally {
    await sample.stop();
  }
  return path;
}

let homes = 0;

async function importIt(zip: string): Promise<{ rows: number; ms: number; megabytes: number }> {
  const home = join(folder, `home-${++homes}`);
  const argv = [
    "src/main.ts",
    "import",
    zip,
    "--all-companies",
    "--as-of",
    asOf,
    "--skip-dbt",
    "--home",
    home,
    "--json",
  ];
  const { stdout } = await run(process.execPath, argv, {
    env: { ...process.env, PIPELINE_DUCKDB_THREADS: "2" },
    maxBuffer: 1e8,
  });
  rmSync(home, { recursive: true });
  const { companies, peakRssBytes } = JSON.parse(stdout) as RunReport;
  const { inserted, durationMs } = companies[0]!;
  return { rows: inserted, ms: durationMs, megabytes: peakRssBytes / 1e6 };
}

const createTable = `
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const [csv, database] = process.argv.slice(1);
  const connection = await (await DuckDBInstance.create(database, { threads: "2" })).connect();
  const began = performance.now();
  await connection.run("create table complaints as select * from read_csv('" + csv + "')");
  console.log(performance.now() - began);`;

async function createWithDuckDb(csv: string): Promise<number> {
  const database = join(folder, "bound.duckdb");
  rmSync(database, { force: true });
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", createTable, csv, database]);
  return Number(stdout);
}

const [small, large] = [await zipOf(200_000 / 348_300), await zipOf(2_000_000 / 348_300)];
const csv = join(folder, "complaints.csv");
await run("sh", [
  "-c",
  `python3 -c 'import shutil, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); shutil.copyfileobj(z.open(z.namelist()[0]), open(sys.argv[2], "wb"))' ${large} ${csv}`,
]);
const smalls = [];
const larges = [];
const bounds = [];
for (let round = 0; round < rounds; round++) {
  smalls.push(await importIt(small));
  larges.push(await importIt(large));
  bounds.push(await createWithDuckDb(csv));
}
const ms = median(larges.map((one) => one.ms));
const bound = median(bounds);
const memory = { small: median(smalls.map((one) => one.megabytes)), large: median(larges.map((one) => one.megabytes)) };
const lines: [what: string, value: string, bar: string][] = [
  ["import", `${larges[0]!.rows} rows in ${(ms / 1000).toFixed(1)} s`, ""],
  ["CREATE TABLE AS SELECT * FROM read_csv", `${(bound / 1000).toFixed(1)} s`, ""],
  ["ratio", (bound / ms).toFixed(2), "0.5"],
  ["memory of the import", `${memory.large.toFixed(0)} MB`, "1000 MB"],
  [`memory with ${smalls[0]!.rows} rows`, `${memory.small.toFixed(0)} MB`, ""],
  ["ratio", (memory.large / memory.small).toFixed(2), "1.2"],
];
process.stdout.write(`Import (${cpus()[0]?.model}, ${cpus().length} processors)\n`);
for (const [what, value, bar] of lines)
  process.stdout.write(`${what.padEnd(42)} ${value.padStart(24)} ${bar.padStart(8)}\n`);
