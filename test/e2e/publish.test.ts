import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { SnapshotManifest } from "../../src/pipeline/manifest.ts";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("a run's snapshot", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("is of the run that built, and stays where nothing is new", async () => {
    const home = testHome(source);
    const first = await home.report(["run"]);
    assert.equal(first.published?.state, "Completed");
    const manifest = JSON.parse(
      readFileSync(join(home.folder, "published", "current", "manifest.json"), "utf8"),
    ) as SnapshotManifest;
    assert.equal(manifest.snapshot, first.published?.snapshot);
    assert.equal(manifest.runId, first.runId);
    const again = await home.report(["run"]);
    assert.deepEqual(again.published, { ...first.published, state: "Skipped", reason: "nothing new" });
    assert.equal(again.nothingNew, true);
  });

  it("that cannot be written fails the run, not the data; the next run publishes", async () => {
    const home = testHome(source);
    assert.equal((await home.report(["run", "--skip-dbt"])).published, null);
    writeFileSync(join(home.folder, "published"), "in the way");
    const failed = await home.report(["run"]);
    assert.deepEqual([failed.code, failed.state, failed.error?.code], [1, "Failed", "publish_failed"]);
    assert.equal(failed.published?.state, "Failed");
    assert.equal((await home.watermarks()).length, 2, "the state is committed");
    rmSync(join(home.folder, "published"));
    const next = await home.report(["run"]);
    assert.deepEqual([next.code, next.dbt?.state, next.published?.state], [0, "Skipped", "Completed"]);
    assert.ok(existsSync(join(home.folder, "published", "current", "manifest.json")));
  });
});
