import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { spawnSample } from "../../src/sample/server/spawn.ts";

/** The pages' server: a full history against an empty one, the first paint, a run beside 200 open streams, idling. */
const folder = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const [runs = "100000", lines = "100"] = process.argv.slice(2);

type Server = { url: string; pid: number; stop(): void };

function serve(home: string): Server {
  const main = (...argv: string[]) =>
    execFileSync(process.execPath, ["src/main.ts", ...argv, "--home", home], { encoding: "utf8" });
  const { url, pid } = JSON.parse(main("server", "start", "--background", "--port", "0", "--json")) as Server;
  return { url, pid, stop: () => void main("server", "stop", "-q") };
}

function filled(name: string, count: string): string {
  const home = join(folder, name);
  mkdirSync(home);
  execFileSync(process.execPath, ["scripts/fill-history.ts", join(home, "history.sqlite"), count, lines]);
  return home;
}

/** Milliseconds of an answer, its body included; the first two warm the file system. */
async function answered(url: string, times = 15): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times + 2; i++) {
    const started = performance.now();
    await (await fetch(url)).text();
    if (i > 1) taken.push(performance.now() - started);
  }
  return median(taken);
}

console.log(
  "| question | 100 runs | " +
    Number(runs).toLocaleString("en-US") +
    " runs | ratio | bar |\n|---|---:|---:|---:|---:|",
);
const [small, large] = [serve(filled("small", "100")), serve(filled("large", runs))];
for (const [path, bar] of [
  ["/api/v1/overview", "2"],
  ["/api/v1/runs?limit=50", "2"],
  ["/api/v1/runs?state=Failed&limit=50", "2"],
  ["/api/v1/runs/made-up-77", "2"],
  ["/api/v1/runs/made-up-77/logs?after=50&limit=50", "2"],
  ["/api/v1/trends?days=1", "2"],
] as const) {
  const [a, b] = [await answered(small.url + path), await answered(large.url + path)];
  console.log(`| ${path} | ${a.toFixed(1)} ms | ${b.toFixed(1)} ms | ${(b / a).toFixed(2)} | ${bar} |`);
}
small.stop();

const usage = () => {
  const [, , , , , , , , , , , , , user, system] = readFileSync(`/proc/${large.pid}/stat`, "utf8")
    .replace(/\(.*\)/, "x")
    .split(" ");
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${large.pid}/status`, "utf8"))?.[1]) / 1000;
  return { ticks: Number(user) + Number(system), rss };
};
if (existsSync("/proc/self/stat")) {
  const before = usage();
  await setTimeout(20_000);
  const after = usage();
  console.log(
    `\nIdle with ${runs} runs: ${((after.ticks - before.ticks) / 20).toFixed(2)}% of a core (bar 1), ${after.rss.toFixed(0)} MB (bar 150)`,
  );
}

if (existsSync("/usr/bin/chromium")) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    chromiumSandbox: false,
    args: ["--disable-gpu"],
  });
  const paint = async (path: string) => {
    const taken: number[] = [];
    for (let i = 0; i < 9; i++) {
      const page = await browser.newPage();
      await page.goto(large.url + path);
      taken.push(
        await page.evaluate(async () => {
          const entries = () => performance.getEntriesByName("first-contentful-paint");
          while (entries().length === 0) await new Promise((resolve) => globalThis.setTimeout(resolve, 10));
          return entries()[0]!.startTime;
        }),
      );
      await page.close();
    }
    return median(taken);
  };
  const [empty, overview] = [await paint("/healthz"), await paint("/")];
  console.log(
    `First paint: ${overview.toFixed(0)} ms, of a page with one line ${empty.toFixed(0)} ms: ${(overview / empty).toFixed(2)} (bar 3)`,
  );
  await browser.close();
}
large.stop();

const assets = readdirSync("dist/ui/assets").map(
  (name) => [name, gzipSync(readFileSync(join("dist/ui/assets", name))).length] as const,
);
const isMap = (name: string) => name.startsWith("us-map");
const sum = (some: typeof assets) => (some.reduce((total, [, bytes]) => total + bytes, 0) / 1000).toFixed(1);
console.log(
  `Bundle: ${sum(assets.filter(([name]) => !isMap(name)))} kB gzipped (bar 250), map data ${sum(assets.filter(([name]) => isMap(name)))} kB`,
);

// Whole first loads of the sample, with and without 200 clients that hear of every change.
const sample = await spawnSample({ asOf: "2026-11-20" }, new AbortController().signal);
const loads = { alone: [] as number[], watched: [] as number[] };
for (let round = 0; round < 3; round++) {
  for (const kind of ["alone", "watched"] as const) {
    const home = join(folder, `${kind}-${round}`);
    const server = serve(home);
    const stop = new AbortController();
    if (kind === "watched") {
      const client = `for (let i = 0; i < 200; i++) fetch(${JSON.stringify(`${server.url}/api/v1/events`)}).then(async ({ body }) => { for await (const _ of body) {} }).catch(() => {})`;
      spawn(process.execPath, ["-e", client], { signal: stop.signal, stdio: "ignore" }).on("error", () => undefined);
      await setTimeout(1500);
    }
    const started = performance.now();
    const run = spawnSync(process.execPath, [
      "src/main.ts",
      "run",
      "-q",
      "--skip-dbt",
      "--home",
      home,
      "--source",
      sample.url,
      "--as-of",
      "2026-11-20",
    ]);
    if (run.status !== 0) throw new Error(String(run.stderr));
    loads[kind].push(performance.now() - started);
    stop.abort();
    server.stop();
  }
}
await sample.stop();
const [alone, watched] = [Math.min(...loads.alone), Math.min(...loads.watched)];
console.log(
  `A run beside 200 open streams: ${(watched / 1000).toFixed(2)} s against ${(alone / 1000).toFixed(2)} s: ${(watched / alone).toFixed(3)} (bar 1.03)`,
);
