import assert from "node:assert/strict";
import { copyFileSync, existsSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Plan } from "../../src/pipeline/plan/plan.ts";
import { bulkPath } from "../../src/sample/answers/bulk.ts";
import { temporaryFolder } from "../harness/context.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const days = ["--as-of", "2026-11-20", "--start-date", "2026-03-01"];
/** What a day-only date cannot say left out. */
const byDay =
  "select * exclude (_load_id, _loaded_at, date_received, date_sent_to_company), date_received::date, date_sent_to_company::date from raw.cfpb_complaints order by complaint_id";

describe("the file of everything in a run", () => {
  let source: TestSource;
  let home: TestHome;
  beforeEach(async () => {
    source = await startTestSource();
    home = testHome(source);
    home.env.PIPELINE_BULK_URL = new URL(bulkPath, source.url).href;
  });
  afterEach(() => source.close());

  it("is read where it is asked for: later days by pages, what comes of it as by pages", async () => {
    const forced = [...days, "--strategy", "bulk"];
    const plan = JSON.parse((await home.run(["plan", ...forced, "--json"])).stdout) as Plan;
    assert.ok(!existsSync(home.folder), "nothing is fetched by a plan");
    const ways = plan.companies.map(({ strategy, expected }) => [strategy, expected > 100]);
    assert.deepEqual([ways, plan.file?.day, plan.file?.isHere], [Array(2).fill(["bulk", true]), "2026-11-20", false]);
    const asked = source.requests.length;
    const report = await home.report(["run", ...forced]);
    assert.equal(report.code, 0, JSON.stringify(report.error));
    // The newest day in the file is 2026-11-19: that is known once it is here, and costs each company a page.
    assert.equal(source.requests.length - asked, plan.requests + 2);
    const scopes = (report.companies[0]!.scopes ?? []).map(({ window, strategy }) => [
      window.from,
      window.to,
      strategy,
    ]);
    assert.deepEqual(scopes, [
      ["2026-03-01", "2026-11-19", "bulk"],
      ["2026-11-20", "2026-11-20", "pages"],
    ]);
    const pages = testHome(source);
    await pages.report(["run", ...days]);
    assert.deepEqual(await home.query(byDay), await pages.query(byDay));
    assert.deepEqual(await home.watermarks(), await pages.watermarks());
    // By another strategy nothing changes, but for the times of days that were known.
    const again = await home.report(["run", ...days]);
    assert.equal(again.nothingNew, true);
    const reset = await home.report(["run", ...forced, "--reset-state"]);
    assert.deepEqual([reset.nothingNew, reset.companies[0]?.unchanged], [true, report.companies[0]?.inserted]);
  });

  it("is fetched once for several runs, and changes nothing of what was loaded later", async () => {
    const forced = [...days, "--strategy", "bulk"];
    await home.report(["run", ...forced]);
    source.requests.length = 0;
    const next = await home.report(["run", ...forced, "--reset-state"]);
    assert.equal(
      source.requests.filter(({ pathname }) => pathname === bulkPath).length,
      2,
      "asked whether it is another one",
    );
    assert.equal(next.nothingNew, true);
    // A look-back of the next day is read by pages; then a file of the day before is all there is.
    source.asOf = "2026-11-21";
    await home.report(["run", "--as-of", "2026-11-21", "--start-date", "2026-03-01"]);
    const before = await home.query(byDay);
    source.asOf = "2026-11-20";
    const argv = ["--as-of", "2026-11-21", "--start-date", "2026-03-01", "--strategy", "bulk", "--reset-state"];
    const plan = await home.run(["plan", ...argv]);
    assert.match(
      plan.stdout,
      /jpmorgan: 2026-09-21\.\.2026-11-20 was loaded from a later index than the file of 2026-11-20 has, which changes and withdraws nothing there\./,
    );
    const old = await home.report(["run", ...argv]);
    assert.equal(old.code, 0, JSON.stringify(old.error));
    assert.deepEqual(await home.query(byDay), before);
  });

  it("is taken by itself where asking would take long", async () => {
    const argv = [...days, "--companies", "all"];
    const env = { PIPELINE_RATES_SEARCHES: "6", PIPELINE_PAGE_SIZE: "10" };
    const plan = JSON.parse((await home.run(["plan", ...argv, "--json"], env)).stdout) as Plan;
    assert.deepEqual(
      plan.companies.map(({ strategy }) => strategy),
      ["bulk"],
    );
    assert.match(plan.reason, /^the file of everything of 2026-11-20 has most of it; asked for, it takes \d+ min/);
  });

  it("ends the run where it was asked for and cannot be had", async () => {
    source.intercept = ({ pathname }) => (pathname === bulkPath ? { kind: "answer", status: 404 } : undefined);
    const { code, stderr } = await home.run(["run", ...days, "--strategy", "bulk"]);
    assert.equal(code, 1);
    assert.match(stderr, /error\[source_not_found\]/);
    const without = await home.run(["run", ...days, "--strategy", "bulk"], { PIPELINE_BULK_URL: "" });
    assert.deepEqual([without.code, existsSync(home.database)], [2, false]);
    assert.match(without.stderr, /error\[config_invalid\]: [\s\S]*bulkUrl/);
  });

  describe("of the user's", () => {
    let zip: string;
    beforeEach(async () => {
      zip = join(temporaryFolder(), "complaints.csv.zip");
      writeFileSync(zip, Buffer.from(await (await fetch(home.env.PIPELINE_BULK_URL!)).arrayBuffer()));
    });

    it("is imported of the configured companies, or of all, and moves no watermark", async () => {
      const report = await home.report(["import", zip]);
      assert.equal(report.code, 0, JSON.stringify(report.error));
      const [loaded] = report.companies;
      assert.deepEqual([loaded!.company, loaded!.window.why, report.warnings], ["complaints.csv.zip", "import", []]);
      assert.ok(loaded!.inserted > 1000 && loaded!.expected === loaded!.inserted);
      assert.deepEqual(await home.watermarks(), []);
      assert.equal(report.dbt?.state, "Completed");
      const all = await home.run(["import", zip, "--all-companies"]);
      assert.match(
        all.stdout,
        /Read to its end: [\d,]+ rows of the file are of these companies\..*nothing was withdrawn/,
      );
      assert.doesNotMatch(all.stderr + all.stdout, /does not add up|Verified|Left as/);
      // The source shows nothing that the file has not, and names are remembered from then on: the source need not be there.
      const run = await home.report(["run", ...days]);
      assert.deepEqual([run.code, run.companies[0]!.inserted, run.companies[0]!.updated], [0, 0, 0]);
      await source.close();
      const offline = await home.report(["import", zip, "--as-of", "2026-11-19"]);
      assert.deepEqual([offline.code, offline.requests, offline.nothingNew], [0, 0, true]);
      const inspected = await home.run(["runs", "inspect"]);
      assert.match(inspected.stdout, /complaints\.csv\.zip/);
    });

    it("is refused where it is damaged, or none, with nothing changed", async () => {
      const cut = join(temporaryFolder(), "cut.zip");
      copyFileSync(zip, cut);
      truncateSync(cut, 50_000);
      const damaged = await home.run(["import", cut]);
      assert.equal(damaged.code, 1);
      assert.match(
        damaged.stderr,
        /error\[file_damaged\]: .*cut\.zip cannot be loaded: .*\ndata: Nothing was changed; /,
      );
      const page = join(temporaryFolder(), "page.csv");
      writeFileSync(page, "<!DOCTYPE html>\n<html></html>\n");
      assert.match(
        (await home.run(["import", page])).stderr,
        /page\.csv cannot be loaded: it has no column "Date received"/,
      );
      for (const argv of [
        ["none.zip"],
        [temporaryFolder()],
        [zip, "--as-of", "soon"],
        [zip, "--as-of", "2999-01-01"],
      ]) {
        const wrong = await home.run(["import", ...argv]);
        assert.equal(wrong.code, 2, wrong.stderr);
        assert.match(wrong.stderr, /error\[usage\]/);
      }
    });

    it("shows the day on which it was last changed", async () => {
      const changed = Date.parse("2026-11-10T12:00:00Z") / 1000;
      utimesSync(zip, changed, changed);
      await home.report(["import", zip]);
      assert.deepEqual(await home.query("select asked_on::varchar from pipeline.loads"), [["2026-11-10"]]);
    });
  });
});
