import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dayNumber } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/** How quick the sample source is, so that it is never what a measurement of the client measures. */
const asOf = "2026-11-20";
const runs = 5;
const never = new AbortController().signal;
const bank = encodeURIComponent("JPMORGAN CHASE & CO.");

type Figure = { what: string; values: number[]; unit: string };
const figures: Figure[] = [];
const record = (what: string, unit: string, values: number[]) => figures.push({ what, values, unit });

async function timed(times: number, body: () => unknown): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i <= times; i++) {
    const started = performance.now();
    await body();
    if (i > 0) values.push(performance.now() - started); // the first warms up
  }
  return values;
}

/** Resident megabytes and CPU seconds of a process. Linux only. */
function usage(pid: number): { megabytes: number; seconds: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"]).toString());
  return {
    megabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    seconds: (Number(stat[11]) + Number(stat[12])) / ticks,
  };
}

const lastDay = dayNumber(asOf);
record("generate 350,000 rows", "ms", await timed(runs, () => generateRows({ lastDay })));
record(
  "small scale (two companies, about 2,500 rows) ready",
  "ms",
  await timed(runs, () =>
    generateRows({
      lastDay,
      scale: 0.02,
      companies: ["JPMORGAN CHASE & CO.", "BANK OF AMERICA, NATIONAL ASSOCIATION"],
    }).at(lastDay),
  ),
);
const rows = generateRows({ lastDay });
let build = lastDay - 100;
record("move to another day", "ms", await timed(runs, () => rows.at(build++)));

record(
  "full scale listening, as a process",
  "ms",
  await timed(3, async () => {
    const sample = await spawnSample({ asOf }, never);
    await sample.stop();
  }),
);

const sample = await spawnSample({ asOf }, never);
const get = async (query: string) => (await fetch(`${sample.url}?${query}`)).arrayBuffer();
const pageQuery = `company=${bank}&size=10000&no_aggs=true&sort=created_date_asc&date_received_min=2024-01-01`;
record("a page of 10,000 rows (6.2 MB), warm", "ms", await timed(20, () => get(pageQuery)));
record("nine aggregations over everything", "ms", await timed(20, () => get("size=0")));

const before = usage(sample.pid);
const started = performance.now();
const pages = 50;
for (let i = 0; i < pages; i++) await get(pageQuery);
const seconds = (performance.now() - started) / 1000;
record("pages a second to one client", "/s", [pages / seconds]);
record("CPU of a page", "ms", [((usage(sample.pid).seconds - before.seconds) * 1000) / pages]);
let most = 0;
const watch = setInterval(() => {
  most = Math.max(most, usage(sample.pid).megabytes);
}, 20);
await Promise.all(Array.from({ length: 4 }, () => timed(15, () => get(pageQuery))));
clearInterval(watch);
record("resident, four clients paging", "MB", [most]);
await sample.stop();

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const said = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
console.log(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.versions.node}\n`);
console.log("| | median | from - to |\n|---|---:|---:|");
for (const { what, values, unit } of figures) {
  const range = values.length > 1 ? `${said(Math.min(...values))} - ${said(Math.max(...values))}` : "";
  console.log(`| ${what} | ${said(median(values))} ${unit} | ${range} |`);
}
