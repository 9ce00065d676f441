import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { testSnapshot } from "../../test/harness/snapshot.ts";

/** Results of `pipeline sql --csv` by how wide their rows are, each against the same bytes in rows of 200; memory of the reading process. */
const home = mkdtempSync(join(tmpdir(), "pipeline-bench-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));
execFileSync("npm", ["run", "--silent", "build"]);
await testSnapshot(home);

/** Milliseconds and the largest resident megabytes of the command. */
async function asked(sql: string): Promise<{ ms: number; megabytes: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, ["dist/main.js", "sql", "--home", home, "--csv", sql], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.resume();
  let [megabytes, isOver] = [0, false];
  const closed = once(child, "close").then(() => {
    isOver = true;
  });
  while (!isOver) {
    megabytes = Math.max(megabytes, residentOf(child.pid!));
    await Promise.race([closed, setTimeout(20)]);
  }
  await closed;
  return { ms: performance.now() - started, megabytes };
}

function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
  } catch {
    return 0; // it is over, or the system does not tell
  }
}

console.log("| result | 2,048 rows | as rows of 200 bytes | ratio | memory |\n|---|---:|---:|---:|---:|");
for (const total of [20, 40, 80]) {
  const wide = await asked(`select repeat('x', ${Math.floor((total * 1e6) / 2048)}) as t from range(2048)`);
  const narrow = await asked(`select repeat('x', 200) as t from range(${total * 5000})`);
  const cells = [`${(wide.ms / 1000).toFixed(1)} s`, `${(narrow.ms / 1000).toFixed(1)} s`];
  const ratio = (wide.ms / narrow.ms).toFixed(2);
  console.log(`| ${total} MB | ${cells.join(" | ")} | ${ratio} | ${wide.megabytes.toFixed(0)} MB |`);
}
