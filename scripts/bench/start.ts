import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteRecorder } from "../../src/history/sqlite/recorder.ts";
import { shortStep } from "../../src/pipeline/flow/engine.ts";
import { systemClock } from "../../src/runtime/local/clock.ts";
import { LocalEngine } from "../../src/runtime/local/engine.ts";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/** Whole processes of the built program against `node -e 0`, looking at a history of 100 runs and of 100,000; and what a task costs. */
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
execFileSync("npm", ["run", "--silent", "build"]);
const [small, large] = [join(folder, "small"), join(folder, "large")];
execFileSync(process.execPath, ["scripts/fill-history.ts", join(small, "history.sqlite"), "100", "100"]);
execFileSync(process.execPath, ["scripts/fill-history.ts", join(large, "history.sqlite"), "100000", "100"]);

function timed(argv: readonly string[]): number {
  const times = Array.from({ length: 15 }, () => {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return performance.now() - started;
  });
  return times.sort((a, b) => a - b)[7]!;
}

const node = timed(["-e", "0"]);
console.log("| | time | against `node -e 0` | with 100,000 runs against 100 |\n|---|---:|---:|---:|");
const row = (what: string, ms: number, other?: number) =>
  console.log(
    `| ${what} | ${ms.toFixed(0)} ms | ${(ms / node).toFixed(1)} | ${other === undefined ? "" : (ms / other).toFixed(2)} |`,
  );
row("`node -e 0`", node);
for (const flag of ["--version", "--help"]) row(`\`pipeline ${flag}\``, timed(["dist/main.js", flag]));
for (const command of ["ls", "inspect", "logs"]) {
  const at = (home: string) => timed(["dist/main.js", "runs", command, "--home", home]);
  row(`\`pipeline runs ${command}\``, at(large), at(small));
}
const home = join(folder, "night");
const sample = await spawnSample({ asOf: "2026-11-20" }, new AbortController().signal);
const run = ["dist/main.js", "run", "--home", home, "--source", sample.url, "--as-of", "2026-11-20", "-q"];
process.env.PIPELINE_RATES_SEARCHES = "100000";
spawnSync(process.execPath, run);
row("a run with nothing new", timed(run));
await sample.stop();

/** Milliseconds of each of 1,000 tasks that do nothing, with or without a history. */
async function perTask(withHistory: boolean): Promise<number> {
  const asked = { warn: console.error, onCancel: () => undefined };
  const about = {
    id: "00000000-0000",
    flow: "f",
    trigger: "cli",
    startedAt: 0,
    asOf: "",
    source: "",
    database: "",
    settings: {},
  };
  const recorder = withHistory
    ? new SqliteRecorder(about, { path: join(small, "history.sqlite"), ...asked })
    : undefined;
  const published = { snapshot: null, tables: 0, rows: {}, reason: null };
  const engine = new LocalEngine({
    handlers: { publish: async () => published },
    signal: new AbortController().signal,
    report: (event) => recorder?.record({ ...event, runId: about.id, at: new Date().toISOString() }),
    clock: systemClock,
    policy: { retries: 0, delayMs: 0, longestMs: 0 },
  });
  const started = performance.now();
  for (let i = 0; i < 1000; i++)
    await engine.run("publish", { company: `${i}`, scope: `${i}` }, { runId: about.id }, shortStep);
  return (performance.now() - started) / 1000;
}
console.log(
  `\nA task that does nothing, of 1,000: ${(await perTask(false)).toFixed(3)} ms, with the history ${(await perTask(true)).toFixed(3)} ms.`,
);
process.exit(0);
