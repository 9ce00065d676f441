import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { startChild } from "../../src/process/child.ts";
import { canListProcesses } from "../harness/processes.ts";

const env = { PATH: process.env.PATH ?? "" };

/** A child with a grandchild that ignores what it may; resolves with the grandchild's pid. */
const stubborn = ["sh", "-c", "trap '' TERM INT; sleep 600 & echo $!; wait; wait"];

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function isGone(pid: number): Promise<void> {
  for (let i = 0; i < 200 && isAlive(pid); i++) await setTimeout(25);
  assert.ok(!isAlive(pid), `process ${pid} is still there`);
}

describe("a child process", () => {
  it("gives its lines, its exit code and its signal", async () => {
    const lines: string[] = [];
    const options = {
      env,
      signal: new AbortController().signal,
      onLine: (stream: string, line: string) => lines.push(`${stream}: ${line}`),
    };
    const child = startChild(["sh", "-c", "read line; echo got $line; echo oops >&2; exit 7"], options);
    child.writeLine("this");
    assert.deepEqual(await child.exited, { code: 7, signal: null });
    assert.deepEqual(lines.toSorted(), ["stderr: oops", "stdout: got this"]);
  });

  it("that cannot be started exits with 127", async () => {
    const child = startChild(["/no/such/program"], {
      env,
      signal: new AbortController().signal,
      onLine: () => undefined,
    });
    assert.equal((await child.exited).code, 127);
  });

  it("goes with its whole group when it is stopped", { skip: !canListProcesses && "no /proc" }, async () => {
    const controller = new AbortController();
    const grandchild = Promise.withResolvers<number>();
    const child = startChild(stubborn, {
      env,
      signal: controller.signal,
      graceMs: 50,
      onLine: (_stream, line) => grandchild.resolve(Number(line)),
    });
    const pid = await grandchild.promise;
    controller.abort();
    await child.exited;
    await isGone(pid);
  });

  it("goes by itself when its parent is killed", { skip: !canListProcesses && "no /proc" }, async () => {
    const script = `
      import { startChild } from ${JSON.stringify(join(process.cwd(), "src/process/child.ts"))};
      startChild(${JSON.stringify(stubborn)}, { env: process.env, signal: new AbortController().signal,
        onLine: (_stream, line) => process.stdout.write(line) });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid] = (await once(parent.stdout, "data")) as [Buffer];
    parent.kill("SIGKILL");
    await isGone(Number(pid));
  });
});
