import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startScript } from "../harness/cli.ts";
import { testHome } from "../harness/home.ts";
import { allAreGone, canListProcesses, isSuspended } from "../harness/processes.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const window = { from: "2026-01-01", to: "2026-11-20" };
const settings = { PIPELINE_START_DATE: window.from, PIPELINE_AS_OF: window.to, PIPELINE_DBT: "" };

/** With the real dbt; every boundary, with one that is over at once, is in test/crash. */
describe("kill -9", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("takes the sample source with it", { skip: !canListProcesses && "processes cannot be listed here" }, async () => {
    const home = testHome(source);
    const { signal } = await home.die("page.landed", { PIPELINE_SOURCE: "sample" });
    assert.equal(signal, "SIGKILL");
    await allAreGone(home.folder);
  });

  it("is not needed for a run that is suspended in the middle of a load: another one is refused, and it lands once", {
    skip: !canListProcesses && "processes cannot be listed here",
  }, async () => {
    const home = testHome(source);
    const started = startScript(["test/harness/run-and-die.ts", "load.staged", "SIGSTOP"], {
      ...home.env,
      ...settings,
    });
    await isSuspended(started.child.pid!);
    const other = await home.run(["run"], settings);
    assert.equal(other.code, 75);
    started.child.kill("SIGCONT");
    assert.equal((await started.outcome).code, 0);
    const loads = () => home.query("select company, count(*) from pipeline.loads group by 1 order by 1");
    assert.deepEqual(await loads(), [
      ["bank of america", "1"],
      ["jpmorgan", "1"],
    ]);
    await assertTrue(home, source, window.to, window);
  });

  for (const point of ["warehouse.closed", "dbt.node:20"]) {
    it(`at ${point}, then a run that heals`, {
      skip: !canListProcesses && "processes cannot be listed here",
    }, async () => {
      const home = testHome(source);
      const { signal, stdout } = await home.die(point, settings);
      assert.deepEqual([signal, stdout], ["SIGKILL", ""]);
      await allAreGone(home.folder);
      assert.deepEqual(await home.watermarks(), []);
      const report = await home.report(["run"], settings);
      assert.equal(report.code, 0);
      assert.deepEqual(
        report.companies.map(({ inserted, updated, deleted }) => inserted + updated + deleted),
        [0, 0],
        "the rows were loaded already",
      );
      assert.equal(report.dbt?.state, "Completed");
      await assertTrue(home, source, window.to, window);
      assert.equal((await home.watermarks()).length, 2);
      const [marts] = await home.query(
        `select (select count(*) from marts.fct_complaints), (select count(*) from raw.cfpb_complaints),
           (select sum(total_complaints) from marts.agg_complaints_by_month)`,
      );
      assert.equal(new Set(marts).size, 1, String(marts));
    });
  }
});
