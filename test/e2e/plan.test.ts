import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type Plan, planRun } from "../../src/pipeline/plan/plan.ts";
import { ProcessLock } from "../../src/warehouse/duckdb/lock.ts";
import { testHome } from "../harness/home.ts";
import { plannedByPages } from "../harness/plans.ts";
import { bankOfAmerica, isPageOf, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const window = { company: "a", names: ["A"], window: { from: "2026-01-01", to: "2026-11-20" }, why: "first run" };

describe("looking ahead", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  const timeouts = { requestTimeoutSeconds: 120, extractTimeoutSeconds: 3600, runTimeoutSeconds: null };

  it("names the timeouts that are too short", () => {
    const given = { windows: [], lanes: { pages: 3, export: 3, bulk: 1 }, file: null, counts: 1, reason: "r" };
    const plan = (longestMs: number, etaMs: number) =>
      planRun({ ...given, longestMs, etaMs }, 0, { ...timeouts, extractTimeoutSeconds: 100, runTimeoutSeconds: 600 });
    assert.deepEqual([plan(100_000, 600_000).fits, plan(100_000, 600_000).tooShort], [true, []]);
    assert.deepEqual(plan(110_000, 600_001).tooShort, [
      { setting: "extractTimeoutSeconds", seconds: 100, needed: 110 },
      { setting: "runTimeoutSeconds", seconds: 600, needed: 601 },
    ]);
    assert.equal(plan(110_000, 0).fits, false);
  });

  it("shows the scopes of a window only where they are several", () => {
    const [whole, ...parts] = [
      plannedByPages(window, [25], 10),
      plannedByPages({ ...window, window: { from: "2026-01-01", to: "2026-06-30" } }, [15], 10),
      plannedByPages({ ...window, window: { from: "2026-07-01", to: "2026-11-20" } }, [10], 10),
    ];
    const given = {
      lanes: { pages: 3, export: 3, bulk: 1 },
      file: null,
      etaMs: 7,
      longestMs: 7,
      reason: "r",
      counts: 1,
    };
    const one = planRun({ ...given, windows: [whole!] }, 0, timeouts);
    assert.deepEqual(one.companies, [{ ...window, expected: 25, strategy: "pages", requests: 3, bytes: 25 * 640 }]);
    const split = { ...window, scopes: parts.flatMap(({ scopes }) => scopes) };
    const [company] = planRun({ ...given, windows: [split] }, 0, timeouts).companies;
    assert.deepEqual(company, {
      ...{ ...window, expected: 25, strategy: "pages", requests: 2 + 1, bytes: 25 * 640 },
      scopes: [
        { window: parts[0]!.window, strategy: "pages", expected: 15, requests: 2, bytes: 15 * 640 },
        { window: parts[1]!.window, strategy: "pages", expected: 10, requests: 1, bytes: 10 * 640 },
      ],
    });
  });

  it("says what the run then does, and changes nothing", async () => {
    const home = testHome(source);
    const argv = ["--as-of", "2026-11-20", "--start-date", "2026-03-01"];
    const planned = await home.run(["plan", ...argv, "--json"]);
    assert.equal(planned.code, 0, planned.stderr);
    assert.ok(!existsSync(home.folder), "nothing is made");
    const plan = JSON.parse(planned.stdout) as Plan;
    const asked = source.requests.length;
    const report = await home.report(["run", ...argv]);
    assert.equal(source.requests.length - asked, plan.requests);
    assert.deepEqual(
      plan.companies.map(({ company, window: days, why, expected }) => ({
        company,
        window: { ...days, why },
        expected,
      })),
      report.companies.map(({ company, window: days, expected }) => ({ company, window: days, expected })),
    );
    const text = await home.run(["run", "--dry-run", ...argv]);
    assert.match(text.stdout, /^company .*\njpmorgan +2026-09-21\.\.2026-11-20 .*look-back 60 days from 2026-11-20\n/);
    assert.match(text.stdout, /Nothing was changed\.\n$/);
    const lock = ProcessLock.acquire(home.database, { pid: process.pid, since: "2026-11-20" });
    assert.equal((await home.run(["plan", ...argv])).code, 75);
    lock.release();
  });

  it("is kept by a run that exports, which loads what pages bring", async () => {
    const [pages, exported] = [testHome(source), testHome(source)];
    const argv = ["--as-of", "2026-11-20", "--start-date", "2026-03-01"];
    await pages.report(["run", ...argv]);
    const forced = [...argv, "--strategy", "export"];
    const plan = JSON.parse((await exported.run(["plan", ...forced, "--json"])).stdout) as Plan;
    assert.deepEqual(
      plan.companies.map(({ strategy, requests }) => [strategy, requests]),
      [
        ["export", 2],
        ["export", 2],
      ],
    );
    const asked = source.requests.length;
    const report = await exported.report(["run", ...forced]);
    assert.equal(source.requests.length - asked, plan.requests);
    assert.deepEqual(
      report.companies.map(({ strategy }) => strategy),
      ["export", "export"],
    );
    const rows = "select * exclude (_load_id, _loaded_at) from raw.cfpb_complaints order by complaint_id";
    assert.deepEqual(await exported.query(rows), await pages.query(rows));
    const again = await exported.report(["run", ...argv]);
    assert.deepEqual([again.companies[0]?.strategy, again.nothingNew], ["pages", true]);
    const { code, stderr } = await exported.run(["run", "--strategy", "exports"]);
    assert.equal(code, 2);
    assert.match(stderr, /error\[config_invalid\]: `--strategy` is "exports": expected auto, pages, export, bulk\./);
  });

  it("cuts a window into scopes that are read side by side where the source lets few requests through", async () => {
    const home = testHome(source);
    const argv = ["--as-of", "2026-11-20", "--start-date", "2026-03-01", "--companies", "jpmorgan"];
    const few = { PIPELINE_RATES_SEARCHES: "20", PIPELINE_PAGE_SIZE: "100" };
    const plan = JSON.parse((await home.run(["plan", ...argv, "--json"], few)).stdout) as Plan;
    const [planned] = plan.companies;
    assert.ok(planned!.scopes!.length > 1 && plan.requests <= 20, "none waits for the limit");
    const report = await home.report(["run", ...argv], few);
    const [loaded] = report.companies;
    assert.deepEqual(
      loaded!.scopes!.map((scope) => [scope.window, scope.strategy, scope.state]),
      planned!.scopes!.map((scope) => [scope.window, scope.strategy, "Completed"]),
    );
    assert.equal(loaded!.expected, planned!.expected);
    await assertTrue(home, source, "2026-11-20", { from: "2026-03-01", to: "2026-11-20" }, [jpmorgan]);
    const short = { ...few, PIPELINE_RATES_SEARCHES: "2", PIPELINE_RUN_TIMEOUT_SECONDS: "60" };
    const late = await testHome(source).run(["plan", ...argv, "--strategy", "pages"], short);
    assert.match(late.stdout, /\nrunTimeoutSeconds is 60 s, and about \d+ s are needed: the run cannot end\./);
    const text = await home.run(["plan", ...argv, "--reset-state"], { ...few, PIPELINE_RATES_SEARCHES: "1000" });
    assert.match(text.stdout, /^company +window +strategy +rows.*\njpmorgan +2026-03-01\.\.2026-11-20 +pages /);
    assert.match(text.stdout, /pages of a source that takes 1000 in a minute\. Nothing was changed\.\n$/);
  });

  it("goes on where a run was left: scopes that are loaded, and out of the look-back, are not read again", async () => {
    const home = testHome(source);
    const argv = ["--as-of", "2026-11-20", "--start-date", "2026-03-01", "--companies", "jpmorgan"];
    const few = { PIPELINE_RATES_SEARCHES: "30", PIPELINE_PAGE_SIZE: "60" };
    const pagesOf = (days: { from: string }) =>
      source.requests.filter(
        (url) => isPageOf(url, jpmorgan) && url.searchParams.get("date_received_min") === days.from,
      );
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) && url.searchParams.get("date_received_max") === "2026-11-20"
        ? { kind: "answer", status: 404, headers: {}, body: "" }
        : undefined;
    const [failed] = (await home.report(["run", ...argv], few)).companies;
    source.intercept = undefined;
    const scopes = failed!.scopes!;
    assert.ok(scopes.length > 2, `${scopes.length} scopes`);
    assert.deepEqual([...new Set(scopes.map(({ state }) => state))], ["Completed", "Failed"]);
    const plan = JSON.parse((await home.run(["plan", ...argv, "--json"], few)).stdout) as Plan;
    source.requests.length = 0;
    const [done] = (await home.report(["run", ...argv], few)).companies;
    assert.deepEqual([done!.state, done!.loadedThrough], ["Completed", "2026-11-20"]);
    assert.equal(source.requests.length, plan.requests);
    const isSettled = ({ window }: { window: { to: string } }) => window.to < "2026-09-21";
    assert.ok(scopes.some(isSettled));
    for (const scope of scopes) assert.equal(pagesOf(scope.window).length > 0, !isSettled(scope), scope.window.from);
    await assertTrue(home, source, "2026-11-20", { from: "2026-03-01", to: "2026-11-20" }, [jpmorgan]);
    // What is complete is no part any more, and a reset reads everything.
    source.requests.length = 0;
    const [again] = (await home.report(["run", ...argv, "--reset-state"], few)).companies;
    assert.ok(again!.scopes!.every(({ window }) => pagesOf(window).length > 0));
    assert.equal(again!.unchanged, again!.expected);
  });

  it("keeps a scope that was ended in the middle as it is, and goes on with its pages", async () => {
    const home = testHome(source);
    const argv = ["--as-of", "2026-11-20", "--start-date", "2026-03-01", "--companies", "jpmorgan", "--skip-dbt"];
    const few = { PIPELINE_RATES_SEARCHES: "30", PIPELINE_PAGE_SIZE: "60", PIPELINE_RETRIES: "0" };
    const isLast = (url: URL) => isPageOf(url, jpmorgan) && url.searchParams.get("date_received_max") === "2026-11-20";
    source.intercept = (url) =>
      isLast(url) && url.searchParams.has("search_after") ? { kind: "answer", status: 503, body: "" } : undefined;
    const [failed] = (await home.report(["run", ...argv], few)).companies;
    assert.equal(failed!.scopes!.at(-1)!.state, "Failed");
    source.intercept = undefined;
    source.requests.length = 0;
    // It would be cut in another way now.
    const quick = { ...few, PIPELINE_RATES_SEARCHES: "1000" };
    const [done] = (await home.report(["run", ...argv], quick)).companies;
    assert.deepEqual([done!.state, done!.scopes!.at(-1)!.window], ["Completed", failed!.scopes!.at(-1)!.window]);
    const [count, ...pages] = source.requests.filter(isLast).map((url) => url.searchParams);
    assert.equal(count!.get("size"), "0");
    assert.ok(pages.length > 0 && pages.every((query) => query.has("search_after")), "its first page has landed");
    await assertTrue(home, source, "2026-11-20", { from: "2026-03-01", to: "2026-11-20" }, [jpmorgan]);
  });

  it("fails soon at a source that cannot be reached, and says what it waits for; a run says it at its first attempt", async () => {
    const home = testHome({ url: "http://127.0.0.1:9/" });
    const slow = { PIPELINE_RETRY_DELAY_SECONDS: "0.5" };
    for (const command of [["plan"], ["companies", "search", "a"]]) {
      const { code, stderr } = await home.run(command, slow);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /^resolve_companies: The source could not be reached \(ECONNREFUSED\), attempt 1; again in 0\.\d s\nerror\[source_unreachable\]/,
      );
      assert.equal((await home.run([...command, "-q"], slow)).stderr.match(/attempt/), null);
    }
    const started = home.start(["run"], { PIPELINE_RETRY_DELAY_SECONDS: "300" });
    await started.said(
      /resolve_companies: The source could not be reached \(ECONNREFUSED\), attempt 1; again in \d min/,
    );
    started.child.kill("SIGINT");
    assert.equal((await started.outcome).code, 130);
    const doctor = await home.run(["doctor"], { PIPELINE_RETRY_DELAY_SECONDS: "300" });
    assert.match(doctor.stdout, /failure {2}source: The source could not be reached/);
  });

  it("asks no proxy for the embedded source, and refuses what is none before anything is made", async () => {
    const home = testHome(source);
    const argv = ["plan", "--start-date", "2026-11-18", "--as-of", "2026-11-20"];
    const env = { HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "ftp://me:hunter2@proxy" };
    const sample = await home.run([...argv, "--source", "sample"], env);
    assert.equal(sample.code, 0, sample.stderr);
    for (const command of [argv, ["run"], ["companies", "search", "a"]]) {
      const refused = await home.run([...command, "--source", "https://source.example/"], env);
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /error\[config_invalid\]: .*HTTPS_PROXY is "ftp:\/\/proxy"/);
      assert.ok(!existsSync(home.database), "nothing is made");
    }
  });

  it("finds the exact names that a text means", async () => {
    const home = testHome(source);
    const found = JSON.parse((await home.run(["companies", "search", "Bank of America", "--json"])).stdout);
    assert.deepEqual(
      found.matches.map(({ name }: { name: string }) => name),
      [bankOfAmerica],
    );
    const text = await home.run(["companies", "search", "chase"]);
    assert.match(text.stdout, /^name +complaints\nJPMORGAN CHASE & CO\. +[\d,]+\n\n"chase" means 1 name; /);
    const none = await home.run(["companies", "search", "jp morgan"]);
    assert.equal(none.code, 1);
    assert.match(none.stdout, /No name at the source matches "jp morgan"\. Nearest:\n {2}JPMORGAN/);
    assert.ok(!existsSync(home.folder));
  });

  it("reads days again without moving a watermark", async () => {
    const home = testHome(source);
    assert.equal((await home.run(["run", "--as-of", "2026-11-20", "--start-date", "2026-06-01"])).code, 0);
    const marks = await home.watermarks();
    const report = await home.report([
      "backfill",
      "--from",
      "2026-01-01",
      "--to",
      "2026-02-28",
      "--as-of",
      "2026-11-20",
    ]);
    assert.equal(report.code, 0, JSON.stringify(report.error));
    assert.deepEqual(
      report.companies.map(({ window: days }) => days),
      [
        { from: "2026-01-01", to: "2026-02-28", why: "backfill" },
        { from: "2026-01-01", to: "2026-02-28", why: "backfill" },
      ],
    );
    assert.ok(report.companies.every(({ inserted }) => inserted > 0));
    assert.deepEqual([report.dbt?.state, report.published?.state], ["Completed", "Completed"]);
    assert.deepEqual(await home.watermarks(), marks);
    await assertTrue(home, source, "2026-11-20", { from: "2026-01-01", to: "2026-02-28" });
    // A backfill that is retried is a backfill.
    const days = ["--from", "2026-03-01", "--to", "2026-03-31"];
    assert.equal((await home.run(["backfill", ...days, "--as-of", "2026-11-20"], { FAKE_DBT: "model" })).code, 1);
    const retried = await home.report(["runs", "retry"]);
    assert.deepEqual(
      [retried.code, retried.companies[0]!.window.from, retried.dbt?.state],
      [0, "2026-03-01", "Completed"],
    );
    assert.deepEqual(await home.watermarks(), marks);
    // Of a company that was never loaded, nothing is remembered: its first run loads all.
    const fresh = testHome(source);
    const only = await fresh.report([
      "backfill",
      "--from",
      "2026-01-01",
      "--to",
      "2026-01-31",
      "--as-of",
      "2026-11-20",
      "--companies",
      jpmorgan,
    ]);
    assert.deepEqual([only.code, await fresh.watermarks()], [0, []]);
    for (const [argv, text] of [
      [["--from", "2026-02-01", "--to", "2026-01-01"], /--from 2026-02-01 is after --to 2026-01-01/],
      [["--from", "soon", "--to", "2026-01-01"], /--from is "soon": expected a day/],
      [["--from", "2026-01-01", "--to", "2026-11-21"], /--to 2026-11-21 is after the as-of day/],
    ] as const) {
      const wrong = await home.run(["backfill", ...argv, "--as-of", "2026-11-20"]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, text);
    }
  });
});
