import { executeRun } from "../../src/app/run.ts";
import { wireRun } from "../../src/app/wiring/run.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/schema.ts";

/**
 * One run without dbt, for the benchmark: settings as JSON in the first argument. Prints as JSON how long it took from the
 * first page's request to the last commit, each company's part, the pages' addresses, and the memory of this process.
 */
const settings = JSON.parse(process.argv[2] ?? "{}") as Partial<Settings>;
const { config } = loadConfig(settings, undefined, "2099-01-01");
const addresses: Record<string, string[]> = {};
const spent = { extracting: 0, loading: 0 };
let first = 0;
let last = 0;
const since = new Map<string, number>();
const options = { resetState: false, skipDbt: true, acceptWithdrawals: true, acceptSource: false, trigger: "cli" };
const report = await executeRun(wireRun(config, console.error), options, new AbortController().signal, (event) => {
  const now = performance.now();
  if (event.type === "source.request" && event.task.startsWith("extract")) {
    if (first === 0) first = now;
    if (!since.has(event.task)) since.set(event.task, now);
    addresses[event.task] = [...(addresses[event.task] ?? []), event.url];
  }
  if (event.type === "page.landed") spent.extracting = Math.max(spent.extracting, now - first);
  if (event.type === "load.committed") last = now;
});
if (report.error !== null) throw new Error(JSON.stringify(report.error));
const rows = report.companies.reduce((sum, { expected }) => sum + expected, 0);
const { maxRSS } = process.resourceUsage();
process.stdout.write(
  `${JSON.stringify({ rows, ms: last - first, extractingMs: spent.extracting, megabytes: maxRSS / 1024, addresses })}\n`,
);
