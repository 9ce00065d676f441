import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Merging 300,000 rows into a table without a key, as loads do, against a table with a primary key. */
type Merged = { ms: number[]; megabytes: number; file: number };
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function merge(way: "keyless" | "key", memoryLimit: string): Merged | string {
  const path = join(folder, "merge.duckdb");
  for (const left of [path, `${path}.wal`]) rmSync(left, { force: true });
  const { stdout, stderr } = spawnSync(process.execPath, ["scripts/bench/merge-once.ts", way, path, memoryLimit], {
    encoding: "utf8",
  });
  if (stdout !== "") return JSON.parse(stdout) as Merged;
  if (/Out of Memory/.test(stderr)) return "out of memory";
  throw new Error(stderr);
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.log("| 300,000 rows | limit | new | unchanged | 1% changed | 1% changed against new | peak memory | file |");
console.log("|---|---|---:|---:|---:|---:|---:|---:|");
for (const memoryLimit of ["1GB", "512MB", "256MB"]) {
  for (const way of ["keyless", "key"] as const) {
    const name = way === "keyless" ? "without a key" : "primary key, ON CONFLICT";
    const results = Array.from({ length: rounds }, () => merge(way, memoryLimit));
    const merged = results.filter((result) => typeof result !== "string");
    if (merged.length < rounds) {
      console.log(`| ${name} | ${memoryLimit} | out of memory | | | | | |`);
      continue;
    }
    const times = [0, 1, 2].map((i) => `${median(merged.map(({ ms }) => ms[i]!)).toFixed(0)} ms`);
    const ratio = median(merged.map(({ ms }) => ms[2]! / ms[0]!)).toFixed(2);
    const memory = `${median(merged.map(({ megabytes }) => megabytes)).toFixed(0)} MB`;
    const file = `${median(merged.map(({ file }) => file)).toFixed(0)} MB`;
    console.log(`| ${name} | ${memoryLimit} | ${times.join(" | ")} | ${ratio} | ${memory} | ${file} |`);
  }
}
