import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Snapshot } from "../../src/snapshot/current.ts";
import { currentSnapshot } from "../../src/snapshot/current.ts";
import { exportSnapshot } from "../../src/snapshot/export.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testSnapshot } from "../harness/snapshot.ts";
import { query } from "../harness/warehouse.ts";

const never = new AbortController().signal;

describe("exporting a snapshot", () => {
  let snapshot: Snapshot;
  before(async () => {
    snapshot = await testSnapshot();
  });

  it("as Parquet copies the files", async () => {
    const to = join(temporaryFolder(), "out");
    const files = await exportSnapshot(snapshot, to, "parquet", never);
    assert.deepEqual(files, ["dim_companies.parquet", "fct_complaints.parquet", "manifest.json"]);
    for (const file of files) {
      assert.deepEqual(readFileSync(join(to, file)), readFileSync(join(snapshot.folder, file)));
    }
  });

  it("as CSV quotes what has to be", async () => {
    const to = temporaryFolder();
    await exportSnapshot(snapshot, to, "csv", never);
    assert.equal(
      readFileSync(join(to, "dim_companies.csv"), "utf8"),
      'company,total_complaints,pct_timely\n"ACME, ""INC.""",2500,66.67\n',
    );
    assert.equal(readFileSync(join(to, "fct_complaints.csv"), "utf8").split("\n").length, 5002);
  });

  it("as one DuckDB file has every table", async () => {
    const to = join(temporaryFolder(), "deep", "out");
    await exportSnapshot(snapshot, to, "duckdb", never);
    assert.deepEqual(await query(join(to, "cfpb_complaints.duckdb"), "select count(*) from fct_complaints"), [
      ["5000"],
    ]);
  });

  it("overwrites nothing, and leaves nothing where it cannot write", async () => {
    const full = temporaryFolder();
    writeFileSync(join(full, "mine"), "");
    await assert.rejects(exportSnapshot(snapshot, full, "csv", never), { code: "usage", message: /is not empty/ });
    await assert.rejects(exportSnapshot(snapshot, join(full, "mine"), "csv", never), { code: "usage" });
    assert.deepEqual(readdirSync(full), ["mine"]);
    const broken = { ...snapshot, folder: join(full, "gone") };
    const to = join(full, "out");
    await assert.rejects(exportSnapshot(broken, to, "parquet", never), { code: "export_failed" });
    assert.deepEqual(readdirSync(full), ["mine"]);
  });

  it("says that nothing is published, and that a manifest is damaged", async () => {
    const folder = temporaryFolder();
    await assert.rejects(currentSnapshot(folder), { code: "nothing_published", message: /Nothing is published/ });
    mkdirSync(join(folder, "current"));
    writeFileSync(join(folder, "current", "manifest.json"), "{}");
    await assert.rejects(currentSnapshot(folder), { code: "nothing_published", message: /damaged/ });
  });
});
