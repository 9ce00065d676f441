import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SqliteHistory } from "../../src/history/sqlite/history.ts";
import { SqliteRecorder } from "../../src/history/sqlite/recorder.ts";
import { temporaryFolder } from "../harness/context.ts";
import { windowResolved } from "../harness/events.ts";

const minute = 60_000;
const id = "01234567-0000-4000-8000-000000000000";

describe("a history that is written and read for a minute", () => {
  it("by one writer and two readers, without a lock error", { timeout: 2 * minute }, async () => {
    const path = join(temporaryFolder(), "history.sqlite");
    const warnings: string[] = [];
    const about = {
      id,
      flow: "f",
      trigger: "cli",
      startedAt: Date.now(),
      asOf: "2026-11-20",
      source: "s",
      database: "d",
      settings: {},
    };
    const recorder = new SqliteRecorder(about, {
      path,
      warn: (text) => warnings.push(text),
      onCancel: () => undefined,
    });
    const at = () => new Date().toISOString();
    recorder.begin();
    recorder.record({ ...windowResolved, runId: id, at: at() });
    const reader = `
      import { SqliteHistory } from ${JSON.stringify(new URL("../../src/history/sqlite/history.ts", import.meta.url).href)};
      let reads = 0;
      for (const end = Date.now() + ${minute}; Date.now() < end; reads++) {
        const history = SqliteHistory.open(${JSON.stringify(path)});
        const [run] = await history.list({ limit: 20 });
        await history.inspect(run.no);
        await history.logs(run, { limit: 1000, level: 20 });
        history.close();
      }
      console.log(reads);`;
    const readers = [1, 2].map(() => {
      const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", reader], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += String(chunk);
      });
      return once(child, "close").then(([code]) => ({ code: code as number, reads: Number(said) }));
    });
    let written = 1;
    let over = false;
    const ended = Promise.all(readers).finally(() => {
      over = true;
    });
    while (!over) {
      for (let i = 0; i < 20; i++, written++) {
        recorder.record({ type: "warehouse.opened", runId: id, at: at() });
        await Promise.resolve();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { code, reads } of await ended) {
      assert.equal(code, 0);
      assert.ok(reads > 100, `${reads} reads`);
    }
    assert.deepEqual(warnings, []);
    await recorder.finish({
      state: "Completed",
      endedAt: at(),
      companies: [],
      requests: 0,
      bytes: 0,
      error: null,
    } as never);
    const history = SqliteHistory.open(path)!;
    const [run] = await history.list({ limit: 1 });
    assert.equal(run!.state, "Completed");
    assert.equal((await history.logs(run!, { limit: 10_000_000 })).length, written);
    history.close();
  });
});
