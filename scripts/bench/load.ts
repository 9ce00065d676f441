import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Settings } from "../../src/config/schema.ts";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/**
 * Extract and load against the least that any client must do: fetch the same pages with curl, and read
 * them with one DuckDB CREATE TABLE AS SELECT. Ratios within one run; each load is a process of its own.
 */
const run = promisify(execFile);
const asOf = "2026-11-20";
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

type Loaded = { rows: number; ms: number; megabytes: number; addresses: Record<string, string[]> };

const sample = await spawnSample({ asOf }, new AbortController().signal);

async function load(home: string, settings: Partial<Settings>): Promise<Loaded> {
  const common = { source: sample.url, home, asOf, rates: { searches: 100_000 }, duckdb: { threads: 2 } };
  const { stdout } = await run(
    process.execPath,
    ["scripts/bench/load-once.ts", JSON.stringify({ ...common, ...settings })],
    {
      maxBuffer: 1e8,
    },
  );
  return JSON.parse(stdout) as Loaded;
}

let homes = 0;
const newHome = () => join(folder, `home-${++homes}`);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Milliseconds that curl takes for the pages of each company, companies side by side, a connection each. */
async function fetchWithCurl(addresses: Record<string, string[]>, into: string): Promise<number> {
  mkdirSync(into, { recursive: true });
  const configs = Object.values(addresses).map((urls, company) => {
    const lines = urls.map((url, i) => `url = "${url}"\noutput = "${join(into, `${company}-${i}.json`)}"`);
    const file = join(folder, `curl-${company}`);
    writeFileSync(file, lines.join("\n"));
    return file;
  });
  const started = performance.now();
  await Promise.all(configs.map((config) => run("curl", ["--silent", "--fail", "--config", config])));
  return performance.now() - started;
}

/** Milliseconds of one CREATE TABLE AS SELECT over the pages. */
async function readWithDuckDb(from: string, database: string): Promise<number> {
  rmSync(database, { force: true });
  const instance = await DuckDBInstance.create(database, { threads: "2" });
  const connection = await instance.connect();
  const fields =
    "date_received product sub_product issue sub_issue company_public_response company state zip_code tags submitted_via date_sent_to_company company_response timely complaint_id".split(
      " ",
    );
  const form = `STRUCT(hits STRUCT(_source STRUCT(${fields.map((field) => `${field} VARCHAR`).join(", ")}))[])`;
  const files = readdirSync(from).map((name) => `'${join(from, name)}'`);
  const started = performance.now();
  await connection.run(
    `create table complaints as select unnest(hit._source) from (select unnest(hits.hits) as hit
     from read_json([${files.join(", ")}], columns = {hits: '${form}'}, maximum_object_size = 33554432))`,
  );
  const ms = performance.now() - started;
  connection.closeSync();
  instance.closeSync();
  return ms;
}

const results: [what: string, value: string, bar: string][] = [];
const hundred = { startDate: "2024-09-01" };
const firsts: number[] = [];
const agains: number[] = [];
const bounds: number[] = [];
let rows = 0;
for (let round = 0; round < rounds; round++) {
  const home = newHome();
  const first = await load(home, hundred);
  const again = await load(home, { ...hundred, lookBackDays: 3000 });
  rows = first.rows;
  const pages = join(folder, "pages");
  const curl = await fetchWithCurl(first.addresses, pages);
  const read = await readWithDuckDb(pages, join(folder, "bound.duckdb"));
  rmSync(pages, { recursive: true });
  firsts.push(first.ms);
  agains.push(again.ms);
  bounds.push(curl + read);
}
const ratio = (of: number[]) => median(of.map((ms, i) => bounds[i]! / ms)).toFixed(2);
results.push([`extract + load of ${rows} rows`, `${median(firsts).toFixed(0)} ms`, ""]);
results.push(["curl + CREATE TABLE AS over the same pages", `${median(bounds).toFixed(0)} ms`, ""]);
results.push(["the bound against the first load", ratio(firsts), "0.8"]);
results.push(["the bound against the same window again, unchanged", ratio(agains), "0.9"]);

/** Medians of loads that take turns, each into a home of its own. */
async function inTurns(loads: Partial<Settings>[]): Promise<Loaded[]> {
  const all: Loaded[][] = loads.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, settings] of loads.entries()) all[i]!.push(await load(newHome(), settings));
  }
  const medianOf = (loaded: Loaded[], field: "ms" | "megabytes") => median(loaded.map((one) => one[field]));
  return all.map((loaded) => ({
    ...loaded[0]!,
    ms: medianOf(loaded, "ms"),
    megabytes: medianOf(loaded, "megabytes"),
  }));
}

const [small, large, all, two] = (await inTurns([
  { startDate: "2026-04-15" },
  { startDate: "2023-01-01", companies: largestCompanies() },
  { startDate: "2011-01-01" },
  { startDate: "2024-01-01" },
])) as [Loaded, Loaded, Loaded, Loaded];
results.push([`peak memory at ${small.rows} rows of two companies`, `${small.megabytes.toFixed(0)} MB`, ""]);
results.push([`peak memory at ${large.rows} rows of 42 companies`, `${large.megabytes.toFixed(0)} MB`, "600 MB"]);
results.push(["the one against the other", (large.megabytes / small.megabytes).toFixed(2), "1.2"]);
results.push([`peak memory at ${all.rows} rows of the same two`, `${all.megabytes.toFixed(0)} MB`, "600 MB"]);
results.push(["against the first", (all.megabytes / small.megabytes).toFixed(2), "1.2"]);
const perRow = (loaded: Loaded) => loaded.ms / loaded.rows;
results.push(["time of a row of 42 companies against one of two", (perRow(large) / perRow(two)).toFixed(2), "1.5"]);
await sample.stop();

console.log(
  `${cpus().length} x ${cpus()[0]?.model}, Node ${process.versions.node}, ${execFileSync("curl", ["--version"]).toString().split(" ").slice(0, 2).join(" ")}\n`,
);
console.log("| | median | bar |\n|---|---:|---:|");
for (const [what, value, bar] of results) console.log(`| ${what} | ${value} | ${bar} |`);

/** Companies with the most complaints of the sample, both banks among them, by their exact names. */
function largestCompanies(): string[] {
  const file = new URL("../../src/sample/dataset/words/volumes.json", import.meta.url);
  const volumes = JSON.parse(readFileSync(file, "utf8")) as { company: string }[];
  return volumes.slice(0, 42).map(({ company }) => company);
}
