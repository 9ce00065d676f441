import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ProcessLock } from "../../src/warehouse/duckdb/lock.ts";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("pipeline dbt", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("runs dbt on the warehouse and gives its exit code", async () => {
    const home = testHome(source);
    assert.equal((await home.run(["run", "--skip-dbt"])).code, 0);
    const passed = await home.run(["dbt", "--", "test", "--select", "dim_states"]);
    assert.equal(passed.code, 0);
    assert.match(passed.stdout, /"unique_id":"model.cfpb.dim_states"/);
    const failed = await home.run(["dbt", "--", "build"], { FAKE_DBT: "test" });
    assert.equal(failed.code, 1);
    const docs = await home.run(["dbt", "docs"], { FAKE_DBT: "crash" });
    assert.equal(docs.code, 1);
    assert.match(
      docs.stderr,
      /error\[dbt_failed\]: dbt could not write its documentation \(exit code 2\): .*something broke/,
    );
  });

  it("is refused while a run has the warehouse, and where there is none", async () => {
    const home = testHome(source);
    const none = await home.run(["dbt", "--", "build"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /There is no warehouse .* yet/);
    assert.equal((await home.run(["run", "--skip-dbt"])).code, 0);
    const lock = ProcessLock.acquire(home.database, { pid: process.pid, since: new Date().toISOString() });
    try {
      assert.equal((await home.run(["dbt", "--", "build"])).code, 75);
    } finally {
      lock.release();
    }
  });
});
