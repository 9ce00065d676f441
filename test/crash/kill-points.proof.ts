import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const window = { from: "2026-01-01", to: "2026-11-20" };
const settings = {
  PIPELINE_START_DATE: window.from,
  PIPELINE_AS_OF: window.to,
  PIPELINE_PAGE_SIZE: "200",
};

/** Every boundary that a run crosses, in its order. */
const points = [
  "run.started",
  "source.request",
  "window.resolved:2",
  "source.request:3",
  "page.landed",
  "page.landed:3",
  "warehouse.opened",
  "load.staged",
  "load.merged",
  "load.reconciled",
  "load.committed",
  "load.merged:2",
  "load.reconciled:2",
  "load.committed:2",
  "warehouse.closed",
  "dbt.started",
  "dbt.node",
  "warehouse.opened:2",
  "state.committed",
  "state.committed:2",
  "run.finished",
];

/** What a run leaves, times and ids aside. */
const contents = `
  select 'state', company, loaded_from::varchar, loaded_through::varchar from pipeline.state
  union all select 'rows', company, count(*)::varchar, count(_deleted_at)::varchar from raw.cfpb_complaints group by company
  order by all`;

/** Invariant 3. */
describe("kill -9 at a boundary, then a run", () => {
  let source: TestSource;
  let never: (string | null)[][];
  before(async () => {
    source = await startTestSource();
    const home = testHome(source);
    assert.equal((await home.run(["run"], settings)).code, 0);
    never = await home.query(contents);
  });
  after(() => source.close());

  for (const point of points) {
    it(`${point}: the warehouse equals one that was never killed`, async () => {
      const home = testHome(source);
      const { signal } = await home.die(point, settings);
      assert.equal(signal, "SIGKILL", "the point was not reached");
      const report = await home.report(["run"], settings);
      assert.equal(report.code, 0);
      assert.deepEqual(await home.query(contents), never);
      await assertTrue(home, source, window.to, window);
      const [owed] = await home.query(
        "select max(through_load_no) >= (select max(load_no) from pipeline.loads where inserted + updated + deleted > 0) from pipeline.transforms",
      );
      assert.deepEqual(owed, ["true"]);
      assert.equal((await home.report(["run"], settings)).nothingNew, true);
    });
  }
});
