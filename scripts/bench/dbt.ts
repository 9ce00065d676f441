import { type ChildProcessByStdio, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { dayNumber, dayText, endOfDay } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { timedIndex } from "../../src/sample/index/live-index.ts";
import { startSample } from "../../src/sample/server/server.ts";
import { spawnSample } from "../../src/sample/server/spawn.ts";
import { dbtVariables } from "../../src/transform/variables.ts";
import { chooser } from "../../test/harness/chooser.ts";
import { dbtPackages } from "../docs/dbt-packages.ts";

/**
 * dbt in whole runs and alone, this version against another one (`BEFORE`, a commit), in turn on the same source and the same files;
 * and whether both make the same marts, after random histories, too.
 */
const before = process.env.BEFORE ?? "896bffa";
const rounds = Number(process.env.ROUNDS ?? 5);
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const signal = new AbortController().signal;

const versions = { before: join(folder, "before"), now: process.cwd() } as const;
type Version = keyof typeof versions;
const both = Object.keys(versions) as Version[];
mkdirSync(versions.before);
execFileSync("tar", ["x", "-C", versions.before], {
  input: execFileSync("git", ["archive", before, "src", "dbt"], { maxBuffer: 2 ** 28 }),
});
symlinkSync(join(versions.now, "node_modules"), join(versions.before, "node_modules"));
cpSync("package.json", join(versions.before, "package.json"));

/** Throws where it does not end with 0. */
async function pipeline(version: Version, argv: readonly string[]): Promise<string> {
  const options = { cwd: versions[version], maxBuffer: 2 ** 26 };
  return (await promisify(execFile)(process.execPath, ["src/main.ts", ...argv], options)).stdout;
}

type Times = { whole: number; dbt: number; changed: number };

/** One run from the start of its process to its end, and its dbt step; milliseconds. */
async function timedRun(version: Version, home: string, url: string, asOf: string): Promise<Times> {
  const started = performance.now();
  const report = JSON.parse(
    await pipeline(version, ["run", "--home", home, "--source", url, "--as-of", asOf, "--json"]),
  ) as {
    runId: string;
    companies: { inserted: number; updated: number; deleted: number }[];
  };
  const whole = performance.now() - started;
  const { tasks } = JSON.parse(
    await pipeline(version, ["runs", "inspect", "--home", home, report.runId, "--json"]),
  ) as {
    tasks: { name: string; startedAt: number; endedAt: number }[];
  };
  const { startedAt, endedAt } = tasks.find(({ name }) => name === "run_dbt_models")!;
  const changed = report.companies.reduce(
    (sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted,
    0,
  );
  return { whole, dbt: endedAt - startedAt, changed };
}

const python = join(await dbtPackages(), "..", "..", "..", "bin", "python");
const cacheDir = join(folder, "cache");
mkdirSync(cacheDir);

type Warm = { child: ChildProcessByStdio<Writable, Readable, null>; readyMs: number };

/** dbt's warm child on a database, when it has parsed the project, and how long that took. */
async function warmUp(
  version: Version,
  database: string,
  { nodesAtOnce = 2, memoryLimit = "1GB" } = {},
): Promise<Warm> {
  const targetDir = join(folder, `target-${version}`);
  mkdirSync(targetDir, { recursive: true });
  const env = dbtVariables({
    ...{ projectDir: join(versions[version], "dbt"), targetDir, memoryLimit, threads: 2 },
    warehouse: { PIPELINE_DBT_DATABASE: database },
    ...{ env: process.env as Record<string, string> },
  });
  const host = join(versions[version], "src/transform/dbt_host.py");
  const started = performance.now();
  const child = spawn(python, ["-I", host], {
    env: { ...env, PIPELINE_DBT_THREADS: String(nodesAtOnce), PIPELINE_DBT_PARSED: join(cacheDir, "dbt-parsed") },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on("line", (line) => /"name": "(Models|Manifest)"/.test(line) && resolve());
  });
  return { child, readyMs: performance.now() - started };
}

/** The build alone: from the line that starts it to the child's end, milliseconds. */
async function build(version: Version, database: string, change: Parameters<typeof warmUp>[2] = {}): Promise<number> {
  const { child } = await warmUp(version, database, change);
  const started = performance.now();
  child.stdin.end("build --exclude-resource-type unit_test exposure\n");
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${version}: dbt ended with ${code}`);
  return performance.now() - started;
}

/** Milliseconds until the warm child is ready in a fresh home: its imports alone, with all parsing, and with what was parsed before. */
async function startInParts(): Promise<Record<"imports" | "parsing anew" | "parsed before", number>> {
  const imports = "import dbt.cli.main, dbt.adapters.duckdb.impl, dbt.task.build";
  const started = performance.now();
  await promisify(execFile)(python, ["-I", "-c", `import gc, os; gc.disable(); ${imports}; os._exit(0)`]);
  const importMs = performance.now() - started;
  const ready: number[] = [];
  for (const isParsed of [false, true]) {
    if (!isParsed) rmSync(cacheDir, { recursive: true });
    mkdirSync(cacheDir, { recursive: true });
    rmSync(join(folder, "target-now"), { recursive: true, force: true });
    const { child, readyMs } = await warmUp("now", join(folder, "none.duckdb"));
    child.stdin.end("\n");
    await once(child, "close");
    ready.push(readyMs);
  }
  return { imports: importMs, "parsing anew": ready[0]!, "parsed before": ready[1]! };
}

/** Rows that the marts of one file have and those of the other do not, and how many were compared. */
async function compare(database: string): Promise<{ compared: number; differing: number }> {
  const files = Object.fromEntries(both.map((version) => [version, join(folder, `${version}.duckdb`)]));
  for (const version of both) {
    copyFileSync(database, files[version]!);
    await build(version, files[version]!);
  }
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const version of both) await connection.run(`attach '${files[version]}' as ${version} (read_only)`);
  const marts = await connection.runAndReadAll(
    "select distinct table_name from duckdb_tables() where database_name in ('before', 'now') and schema_name = 'marts'",
  );
  let [compared, differing] = [0, 0];
  for (const [mart] of marts.getRowsJson()) {
    const [a, b] = both.map((version) => `from ${version}.marts.${mart}`);
    const counted = await connection.runAndReadAll(
      `select (select count(*) ${b}), (select count(*) from ((${a} except all ${b}) union all (${b} except all ${a})))`,
    );
    const [rows, other] = counted.getRowsJson()[0]!.map(Number) as [number, number];
    compared += rows;
    differing += other;
  }
  connection.closeSync();
  instance.closeSync();
  return { compared, differing };
}

const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
const seconds = (values: readonly number[]) => `${(median(values) / 1000).toFixed(2)} s`;
const ratio = (of: Record<Version, number[]>) => (median(of.now) / median(of.before)).toFixed(2);

const times: Record<string, Record<Version, number[]>> = {};
const note = (what: string, version: Version, ms: number) => {
  times[what] ??= { before: [], now: [] };
  times[what][version].push(ms);
};
let [changed, file] = [0, ""];
for (let round = 0; round < rounds; round++) {
  const homes = Object.fromEntries(both.map((version) => [version, join(folder, `home-${version}-${round}`)]));
  for (const [asOf, kind] of [
    ["2026-11-16", "first run"],
    ["2026-11-19", "night"],
  ] as const) {
    const sample = await spawnSample({ asOf }, signal);
    for (const version of round % 2 === 0 ? both : both.toReversed()) {
      const run = await timedRun(version, homes[version]!, sample.url, asOf);
      note(`${kind}: dbt step`, version, run.dbt);
      note(`${kind}: whole run`, version, run.whole);
      if (kind === "night") changed = run.changed;
    }
    await sample.stop();
  }
  file = join(homes.now!, "cfpb_complaints.duckdb");
}
const small = join(folder, "small.duckdb");
copyFileSync(file, small);
const own = { before: join(folder, "small-before.duckdb"), now: join(folder, "small-now.duckdb") };
for (const version of both) copyFileSync(file, own[version]);
for (let round = 0; round < rounds; round++) {
  for (const version of round % 2 === 0 ? both : both.toReversed()) {
    note("build alone, 125,000 rows", version, await build(version, own[version]));
  }
}

row(`version ${before} against this one`, "before", "now", "ratio", "bar");
row("---", "---:", "---:", "---:", "---:");
const bars: Record<string, string> = {
  "first run: dbt step": "0.45",
  "first run: whole run": "0.7",
  "night: dbt step": "0.4",
};
for (const [what, of] of Object.entries(times)) {
  row(
    what.replace("night", `night with ${changed} changed rows`),
    seconds(of.before),
    seconds(of.now),
    ratio(of),
    bars[what] ?? "",
  );
}

const big = join(folder, "big.duckdb");
copyFileSync(small, big);
{
  const instance = await DuckDBInstance.create(big, { memory_limit: "4GB" });
  const connection = await instance.connect();
  await connection.run(`insert into raw.cfpb_complaints
    select c.* replace (complaint_id || '-' || n as complaint_id, company || ' ' || n as company) from raw.cfpb_complaints c, range(40) r(n)`);
  connection.closeSync();
  instance.closeSync();
}
console.log();
row("build alone", "125,000 rows", "5 million rows");
row("---", "---:", "---:");
for (const nodesAtOnce of [1, 2, 4]) {
  const of = async (database: string, times: number) => {
    const ms: number[] = [];
    for (let i = 0; i < times; i++) ms.push(await build("now", database, { nodesAtOnce }));
    return seconds(ms);
  };
  row(`${nodesAtOnce} thread${nodesAtOnce === 1 ? "" : "s"} of dbt`, await of(small, rounds), await of(big, 3));
}
row("before, 2 threads", seconds(times["build alone, 125,000 rows"]!.before), seconds([await build("before", big)]));
row("2 threads, memory limit 128 MB", "", seconds([await build("now", big, { memoryLimit: "128MB" })]));

const rows = generateRows({ scale: 0.1, churn: 10, lastDay: dayNumber("2026-11-20") });

/** Nights at random days, of random companies, with random look-backs. */
async function randomHistory(seed: number): Promise<string> {
  const { below, chance } = chooser(seed);
  const home = join(folder, `history-${seed}`);
  let day = Date.parse("2026-03-01") / 86_400_000;
  for (let night = 0; night < 5; night++) {
    day += 1 + below(50);
    const asOf = dayText(day);
    const sample = await startSample({ index: timedIndex(rows), now: () => endOfDay(asOf) });
    const companies = ["jpmorgan", "bank of america", "chime"].filter((_, i) => i === night % 3 || chance(50));
    const days = String(below(200));
    await pipeline("now", [
      ...["run", "--skip-dbt", "--home", home, "--source", sample.url, "--as-of", asOf, "--start-date", "2025-06-01"],
      ...["--look-back", days, "--companies", companies.join(","), "--accept-withdrawals"],
    ]);
    await sample.close();
  }
  return join(home, "cfpb_complaints.duckdb");
}
console.log();
const starts: Awaited<ReturnType<typeof startInParts>>[] = [];
for (let round = 0; round < rounds; round++) starts.push(await startInParts());
row("the warm child's start", ...Object.keys(starts[0]!));
row("---", "---:", "---:", "---:");
row(
  "",
  ...(["imports", "parsing anew", "parsed before"] as const).map((part) => seconds(starts.map((one) => one[part]))),
);
console.log();
const results = [await compare(small)];
for (let seed = 1; seed <= 6; seed++) results.push(await compare(await randomHistory(seed)));
const sum = (key: "compared" | "differing") => results.reduce((all, one) => all + one[key], 0);
console.log(
  `Marts of both versions, of the sample and ${results.length - 1} random histories: ${sum("compared")} rows, ${sum("differing")} differ.`,
);
if (sum("differing") > 0) process.exitCode = 1;
