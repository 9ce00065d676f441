import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { shiftedClock } from "../harness/clock.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { testHome } from "../harness/home.ts";

const days = 86_400_000;
const asOf = new Date().toISOString().slice(0, 10);
const run = ["run", "--companies", "acme", "--start-date", "2020-01-01", "--skip-dbt"];

describe("a clock that is set while a run waits", () => {
  let source: DocumentSource;
  before(async () => {
    source = await startDocuments(
      Array.from({ length: 4 }, (_, i) => doc(i + 1, "2026-01-05")),
      asOf,
    );
  });
  after(() => source.close());

  for (const [what, shift] of [
    ["an hour back", -3_600_000],
    ["70 s ahead", 70_000],
    ["30 days back", -30 * days],
  ] as const) {
    it(`${what} changes no wait`, async () => {
      const home = testHome(source);
      const clock = shiftedClock();
      // Three questions, of which one a second is allowed: two waits of a second and a half.
      const env = { ...clock.env, PIPELINE_PAGE_SIZE: "2", PIPELINE_RETRY_DELAY_SECONDS: "1.5" };
      let failed = false;
      source.intercept = (url) => {
        if (failed || !url.searchParams.has("company")) return undefined;
        failed = true;
        return { kind: "answer", status: 503 };
      };
      const began = performance.now();
      const { said, outcome } = home.start([...run, "-v"], env);
      await said(/again in/);
      clock.shift(shift);
      const { code, stdout, stderr } = await outcome;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Completed {2,}4 /);
      const took = performance.now() - began;
      assert.ok(took >= 1000 && took < 30_000, `${took} ms`);
      assert.equal(stderr.match(/again in/g)?.length, 1);
      assert.doesNotMatch(stdout, /\d h \d\d min/);
    });
  }

  it("does not go on where it is days ahead of the source's", async () => {
    const home = testHome(source);
    const { code, stderr } = await home.run(run, shiftedClock(3 * days).env);
    assert.equal(code, 2);
    assert.match(stderr, /error\[clock_ahead\]: The clock of this machine is 3\.0 days ahead of the source's\./);
    assert.equal((await home.run(run)).code, 0);
  });
});
