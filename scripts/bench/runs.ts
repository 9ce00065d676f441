import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/**
 * Whole runs, from the start of the process to its end, against D: `dbt build` as a process of its own on the same database,
 * with the same project and environment.
 */
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

function timed(argv: readonly string[]): { ms: number; changed: number } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/main.ts", ...argv], { encoding: "utf8" });
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${argv.join(" ")}: exit code ${status}\n${stderr}`);
  const { companies = [] } = argv.includes("--json")
    ? (JSON.parse(stdout) as { companies: { inserted: number; updated: number; deleted: number }[] })
    : {};
  return {
    ms,
    changed: companies.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0),
  };
}

const times = { first: [] as number[], night: [] as number[], nothing: [] as number[], dbt: [] as number[] };
let changed = 0;
for (let round = 0; round < rounds; round++) {
  const home = join(folder, `home-${round}`);
  const night = async (asOf: string) => {
    const sample = await spawnSample({ asOf }, new AbortController().signal);
    const run = () => timed(["run", "--home", home, "--source", sample.url, "--as-of", asOf, "--json"]);
    const result = [run(), run()] as const;
    await sample.stop();
    return result;
  };
  const [first] = await night("2026-11-16");
  const [second, nothing] = await night("2026-11-19");
  changed = second.changed;
  times.first.push(first.ms);
  times.night.push(second.ms);
  times.nothing.push(nothing.ms);
  const dbt = ["dbt", "--home", home, "--", "build", "--quiet", "--exclude-resource-type", "unit_test"];
  times.dbt.push(timed(dbt).ms);
}

const d = median(times.dbt);
const row = (what: string, values: number[], bar: string) =>
  console.log(`| ${what} | ${(median(values) / 1000).toFixed(2)} s | ${(median(values) / d).toFixed(2)} | ${bar} |`);
console.log(`dbt, Python: ${execFileSync("python3", ["--version"]).toString().trim()}\n`);
console.log("| 123,000 rows | time | against D | bar |\n|---|---:|---:|---:|");
row("D: a fresh `dbt build`", times.dbt, "");
row("first run", times.first, "1.1 and what curl and CREATE TABLE AS take");
row(`a night with ${changed} changed rows`, times.night, "0.8");
row("nothing new", times.nothing, "0.1");
