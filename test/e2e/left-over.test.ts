import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Plan } from "../../src/pipeline/plan/plan.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { isPageOf, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const days = { from: "2026-03-01", to: "2026-11-20" };
const argv = ["--as-of", days.to, "--start-date", days.from, "--companies", "jpmorgan"];
const run = ["run", ...argv, "--skip-dbt"];
/** A window of three scopes. */
const few = { PIPELINE_RATES_SEARCHES: "30", PIPELINE_PAGE_SIZE: "60", PIPELINE_RETRIES: "0" };

describe("what a run has left over", () => {
  let source: TestSource;
  let home: TestHome;
  before(async () => {
    source = await startTestSource();
  });
  beforeEach(() => {
    home = testHome(source);
  });
  afterEach(() => {
    source.intercept = undefined;
    source.requests.length = 0;
  });
  after(() => source.close());

  const isLast = (url: URL) => isPageOf(url, jpmorgan) && url.searchParams.get("date_received_max") === days.to;
  const withoutLast = () => {
    source.intercept = (url) => (isLast(url) ? { kind: "answer", status: 404, headers: {}, body: "" } : undefined);
  };
  const assertWhole = () => assertTrue(home, source, days.to, days, [jpmorgan]);

  it("is read again where rows could not be read: the source may be repaired", async () => {
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) ? { kind: "field", change: "missing", key: "date_received", every: 2 } : undefined;
    const broken = await home.report(run, few);
    assert.equal(broken.companies[0]!.error?.code, "rows_unreadable");
    source.intercept = undefined;
    assert.equal((await home.report(run, few)).code, 0);
    await assertWhole();
    // A retry reads it all, too.
    const other = testHome(source);
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) ? { kind: "field", change: "missing", key: "date_received", every: 2 } : undefined;
    await other.report(run, few);
    source.intercept = undefined;
    assert.equal((await other.report(["runs", "retry"], few)).code, 0);
  });

  it("is read again where rows were gone: the source may show them again", async () => {
    assert.equal(
      (
        await home.report([
          "backfill",
          "--from",
          days.from,
          "--to",
          "2026-08-31",
          ...argv.slice(0, 2),
          ...argv.slice(4),
          "--skip-dbt",
        ])
      ).code,
      0,
    );
    const nothing = { hits: { total: { value: 0, relation: "eq" }, hits: [] } };
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) && !isLast(url)
        ? { kind: "answer", status: 200, body: JSON.stringify(nothing) }
        : undefined;
    const lost = await home.report(run, few);
    assert.equal(lost.companies[0]!.error?.code, "withdrawals_refused");
    source.intercept = undefined;
    const recovered = await home.report([...run, "--accept-withdrawals"], few);
    assert.deepEqual([recovered.code, recovered.companies[0]!.deleted], [0, 0]);
    await assertWhole();
  });

  it("is planned and gone on with also where nothing is left to count, and no answer was ever measured", async () => {
    const early = ["--as-of", "2026-06-30", ...argv.slice(2), "--look-back", "0"];
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) && url.searchParams.get("date_received_max") === "2026-06-30"
        ? { kind: "answer", status: 404, headers: {}, body: "" }
        : undefined;
    await home.report(["run", ...early, "--skip-dbt"], few);
    source.intercept = undefined;
    const plan = JSON.parse((await home.run(["plan", ...early, "--json"], few)).stdout) as Plan;
    assert.ok(Number.isFinite(plan.etaMs));
    assert.equal((await home.report(["run", ...early, "--skip-dbt"], few)).code, 0);
    await assertTrue(home, source, days.to, { from: days.from, to: "2026-06-30" }, [jpmorgan]);
  });

  it("counts no more once the state is forgotten: the next run reads from the start date", async () => {
    withoutLast();
    await home.report(run, few);
    source.intercept = undefined;
    const settled = async () => {
      const plan = JSON.parse((await home.run(["plan", ...argv, "--json"], few)).stdout) as Plan;
      return plan.companies[0]!.scopes?.filter(({ requests }) => requests === 0).length ?? 0;
    };
    assert.ok((await settled()) > 0);
    assert.equal((await home.run(["state", "reset"])).code, 0);
    assert.equal(await settled(), 0);
  });

  it("is read by the strategy that is asked for, whatever has landed", async () => {
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) && url.searchParams.has("search_after")
        ? { kind: "answer", status: 503, headers: {}, body: "" }
        : undefined;
    assert.equal((await home.report(run, few)).code, 1);
    const forced = await home.report([...run, "--strategy", "export"], few);
    assert.deepEqual([forced.code, forced.companies[0]!.strategy], [0, "export"]);
    source.intercept = undefined;
    await assertWhole();
  });

  it("survives a start that fails before it has anything: what has landed is still there for the next", async () => {
    source.intercept = (url) =>
      isLast(url) && url.searchParams.has("search_after")
        ? { kind: "answer", status: 503, headers: {}, body: "" }
        : undefined;
    await home.report(run, few);
    source.intercept = (url) => (isLast(url) ? { kind: "answer", status: 503, headers: {}, body: "" } : undefined);
    await home.report(run, few);
    source.intercept = undefined;
    source.requests.length = 0;
    assert.equal((await home.report(run, few)).code, 0);
    const pages = source.requests.filter((url) => isLast(url) && url.searchParams.get("size") !== "0");
    assert.ok(pages.length > 0 && pages.every((url) => url.searchParams.has("search_after")));
  });
});
