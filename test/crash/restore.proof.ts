import assert from "node:assert/strict";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { it } from "node:test";
import { temporaryFolder } from "../harness/context.ts";
import { backupOf, changedHome, loadedHome, lookOf } from "../harness/restored.ts";
import { startTestSource } from "../harness/sample.ts";

it("a restore killed at any rename is finished or undone by the next command: all of the old, or all of the new", async (t) => {
  const source = await startTestSource({ scale: 0.001 });
  t.after(() => source.close());
  const home = await loadedHome(source);
  const { to } = await backupOf(home);
  const kill = resolve("test/harness/fixtures/kill-at-rename.mjs");
  const { other, look } = await changedHome(source);
  const [old, restored] = [await look(), await lookOf(home)];
  const copy = join(temporaryFolder(), "copy");
  cpSync(other.folder, copy, { recursive: true, verbatimSymlinks: true });
  const ends = new Set<string>();
  let wasKilled = true;
  for (let at = 1; wasKilled; at++) {
    const env = { NODE_OPTIONS: `--import ${kill}`, TEST_KILL_AT: String(at) };
    wasKilled = (await other.run(["restore", to, "--force"], env)).signal === "SIGKILL";
    const state = await look();
    ends.add(state === old ? "old" : "new");
    if (state !== old) assert.equal(state, restored);
    const left = readdirSync(other.folder).filter((name) => /restore-\d+$|restore\.json$/.test(name));
    assert.deepEqual(left, [], `after the kill at rename ${at}`);
    rmSync(other.folder, { recursive: true, force: true });
    cpSync(copy, other.folder, { recursive: true, verbatimSymlinks: true });
  }
  assert.deepEqual([...ends].sort(), ["new", "old"]);
});
