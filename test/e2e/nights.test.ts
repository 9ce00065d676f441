import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { millisecondsInDay } from "date-fns/constants";
import { dayText } from "../../src/sample/dataset/clock.ts";
import { testHome } from "../harness/home.ts";
import { jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const nights = ["2026-11-10", "2026-11-13", "2026-11-20"];
const start = "2026-01-01";

describe("nights in a row", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource({ until: "2026-11-20", scale: 0.05, churn: 15 });
  });
  after(() => source.close());

  it("with a look-back over all that is loaded end with exactly what the source shows", async () => {
    const home = testHome(source);
    const seen = { inserted: 0, updated: 0, deleted: 0 };
    for (const [i, night] of nights.entries()) {
      source.asOf = night;
      const report = await home.report(["run", "--start-date", start, "--as-of", night, "--look-back", "400"]);
      assert.equal(report.code, 0);
      assert.equal(report.state, "Completed");
      await assertTrue(home, source, night, { from: start, to: night });
      assert.deepEqual(
        await home.watermarks(),
        ["bank of america", "jpmorgan"].map((company) => [company, start, night]),
      );
      if (i === 0) continue;
      for (const company of report.companies) {
        for (const what of Object.keys(seen) as (keyof typeof seen)[]) seen[what] += company[what];
      }
    }
    assert.ok(seen.inserted > 0 && seen.updated > 0 && seen.deleted > 0, JSON.stringify(seen));
  });

  it("with the default look-back are exact within their windows", async () => {
    const home = testHome(source);
    for (const night of nights) {
      source.asOf = night;
      const report = await home.report(["run", "--start-date", start, "--as-of", night]);
      assert.equal(report.code, 0);
      const { from, to } = report.companies[0]!.window;
      assert.equal(to, night);
      await assertTrue(home, source, night, { from, to });
    }
    const [[last = ""] = []] = await home.query("select max(window_from)::varchar from pipeline.loads");
    assert.equal(last, "2026-09-14");
  });

  it("read what an earlier start with an earlier as-of left out", async () => {
    const home = testHome(source);
    const run = async (startDate: string, asOf: string) => {
      source.asOf = asOf;
      return home.report([
        "run",
        "--start-date",
        startDate,
        "--as-of",
        asOf,
        "--look-back",
        "5",
        "--companies",
        "jpmorgan",
      ]);
    };
    await run("2026-10-01", "2026-11-10");
    await run("2026-01-01", "2026-03-31");
    assert.deepEqual(await home.watermarks(), [["jpmorgan", "2026-10-01", "2026-11-10"]]);
    const { companies } = await run("2026-01-01", "2026-11-20");
    assert.deepEqual(companies[0]?.window, {
      ...{ from: "2026-04-01", to: "2026-11-20", why: "start date moved back from 2026-10-01" },
    });
    assert.deepEqual(await home.watermarks(), [["jpmorgan", "2026-01-01", "2026-11-20"]]);
    await assertTrue(home, source, "2026-11-20", { from: "2026-04-01", to: "2026-11-20" }, [jpmorgan]);
  });

  it("revive a complaint that was withdrawn and came back", async () => {
    // Three nights between which a complaint disappears and comes back.
    const shown = (build: number) => new Set(source.rows.at(build).visible);
    const find = () => {
      for (
        let first = Date.parse("2026-06-01") / millisecondsInDay;
        first < Date.parse("2026-11-01") / millisecondsInDay;
        first++
      ) {
        const gone = shown(first).difference(shown(first + 1));
        for (let third = first + 2; gone.size > 0 && third < first + 7; third++) {
          const [row] = gone.intersection(shown(third));
          if (row !== undefined) return { nights: [first, first + 1, third].map(dayText), id: source.rows.id[row] };
        }
      }
      throw new Error("the data has no complaint that comes back");
    };
    const { nights: three, id } = find();
    const home = testHome(source);
    const states: unknown[] = [];
    for (const night of three) {
      source.asOf = night;
      const argv = ["run", "--start-date", start, "--as-of", night, "--skip-dbt"];
      assert.equal((await home.run(argv)).code, 0);
      states.push(
        ...(await home.query(`select _deleted_at is null from raw.cfpb_complaints where complaint_id = '${id}'`)),
      );
    }
    assert.deepEqual(states, [["true"], ["false"], ["true"]]);
    const copies = await home.query("select count(*) - count(distinct complaint_id) from raw.cfpb_complaints");
    assert.deepEqual(copies, [["0"]]);
  });

  it("say that nothing is new, and start no dbt, when nothing changed", async () => {
    const home = testHome(source);
    source.asOf = "2026-11-20";
    const argv = ["run", "--start-date", "2026-09-01", "--as-of", "2026-11-20"];
    assert.equal((await home.run(argv)).code, 0);
    const again = await home.report(argv);
    assert.deepEqual(
      [again.state, again.nothingNew, again.dbt?.state, again.dbt?.reason],
      ["Completed", true, "Skipped", "nothing new"],
    );
    const { code, stdout, stderr } = await home.run(argv, { FAKE_DBT: "crash" });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /Nothing new: the [\d,]+ rows of these windows are as they were\. Days outside them were not compared row by row\./,
    );
    assert.match(stderr, /dbt: not started \(nothing new\)/);
    assert.deepEqual(await home.run([...argv, "-q"]), { code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("never move the watermark back, except by a reset", async () => {
    const home = testHome(source);
    source.asOf = "2026-11-20";
    const run = (asOf: string, ...more: string[]) =>
      home.run(["run", "--start-date", "2026-09-01", "--as-of", asOf, "--companies", "jpmorgan", ...more]);
    assert.equal((await run("2026-11-20")).code, 0);
    assert.equal((await run("2026-11-01")).code, 0);
    assert.deepEqual(await home.watermarks(), [["jpmorgan", "2026-09-01", "2026-11-20"]]);
    assert.equal((await run("2026-11-01", "--reset-state")).code, 0);
    assert.deepEqual(await home.watermarks(), [["jpmorgan", "2026-09-01", "2026-11-01"]]);
  });

  it("reads pages that begin in the middle of a millisecond", async () => {
    const home = testHome(source);
    source.asOf = "2026-11-20";
    // The page size for which a page ends within two complaints of the same instant.
    const received: number[] = [];
    const { visible, codes } = source.rows.at(Date.parse(source.asOf) / 86_400_000);
    for (const row of visible) {
      const day = new Date(source.rows.received[row]!).toISOString().slice(0, 10);
      const name = source.rows.words.company.text(codes.company[row]!);
      if (day >= "2026-10-01" && name === "JPMORGAN CHASE & CO.") received.push(source.rows.received[row]!);
    }
    const tie = received.findIndex((ms, i) => i > 5 && ms === received[i - 1]);
    assert.ok(tie > 0);
    const report = await home.report(
      ["run", "--start-date", "2026-10-01", "--as-of", "2026-11-20", "--companies", "jpmorgan"],
      { PIPELINE_PAGE_SIZE: String(tie) },
    );
    assert.equal(report.companies[0]?.inserted, received.length);
    assert.equal(report.requests, 2 + Math.ceil(received.length / tie));
  });
});
