import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startPipeline } from "../harness/cli.ts";
import { shiftedClock } from "../harness/clock.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { testHome } from "../harness/home.ts";

const asOf = "2026-11-20";

describe("two processes of a home", () => {
  let source: DocumentSource;
  const times: number[] = [];
  before(async () => {
    source = await startDocuments(
      Array.from({ length: 20 }, (_, i) => doc(i + 1, "2026-11-05")),
      asOf,
    );
    source.intercept = () => {
      times.push(performance.now());
      return undefined;
    };
  });
  after(() => source.close());

  it("keep to the source's limit together, also where the clock of one is set back meanwhile", {
    timeout: 150_000,
  }, async () => {
    const home = testHome(source);
    const limited = { PIPELINE_RATES_SEARCHES: "5", PIPELINE_PAGE_SIZE: "4", PIPELINE_START_DATE: "2026-11-01" };
    const options = ["--companies", "acme", "--as-of", asOf];
    const clock = shiftedClock();
    const start = (argv: string[], env = {}) => startPipeline(argv, { ...home.env, ...limited, ...env }, 120_000);
    const run = start(["run", "--skip-dbt", "--strategy", "pages", "-v", ...options], clock.env);
    await run.said(/waits .* for the source's limit: 5 searches a minute/);
    clock.shift(-3_600_000);
    const search = await start(["companies", "search", "acme"]).outcome;
    assert.equal(search.code, 0, search.stderr);
    const { code, stdout, stderr } = await run.outcome;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Completed {2,}20 /);
    const waits = [...stderr.matchAll(/waits ([^:]*) for the source/g)].map(([, wait]) => wait);
    assert.equal(waits.length, 1, stderr);
    assert.doesNotMatch(stderr, /\d h \d\d min|are not counted/);
    assert.equal(
      times.length,
      10,
      "names, a count, five pages and one for each of two scopes without a row; names again",
    );
    for (const time of times) {
      const within = times.filter((other) => other > time - 60_000 && other <= time);
      assert.ok(within.length <= 5, `${within.length} within a minute`);
    }
    assert.ok(times.at(-1)! - times[0]! < 70_000);
  });
});
