import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { temporaryFolder } from "../harness/context.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { bankOfAmerica, isPageOf, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";
import { changeFile } from "../harness/warehouse.ts";

const asOf = "2026-11-20";
const run = ["run", "--start-date", "2026-09-01", "--as-of", asOf];
describe("a run that goes wrong", () => {
  let source: TestSource;
  let home: TestHome;
  before(async () => {
    source = await startTestSource({ scale: 0.05 });
  });
  beforeEach(() => {
    source.intercept = undefined;
    source.asOf = asOf;
    source.requests.length = 0;
    home = testHome(source);
  });
  after(() => source.close());

  const liveRows = (name: string) =>
    home.query(`select count(*) from raw.cfpb_complaints where company = '${name}' and _deleted_at is null`);

  it("for one company commits the others, says so and exits with 3", async () => {
    source.intercept = (url) =>
      isPageOf(url, jpmorgan)
        ? { kind: "answer", status: 403, headers: { "content-type": "text/html" }, body: "Denied" }
        : undefined;
    const { code, stdout, stderr } = await home.run(run);
    assert.equal(code, 3);
    assert.match(stdout, /jpmorgan +2026-09-01\.\.2026-11-20 +Failed/);
    assert.match(
      stderr,
      /error\[companies_failed\]: 1 of 2 companies failed:\n {2}"jpmorgan": The source refused [^\n]*\n(?<!Asked: .*)data: /,
    );
    assert.match(stderr, /\ndata: Committed: "bank of america"\. Nothing of "jpmorgan" was loaded/);
    assert.match(stderr, /\nnext: Run again: it reads the same days of "jpmorgan"\..*contact.*\n$/);
    assert.deepEqual(await home.watermarks(), [["bank of america", "2026-09-01", asOf]]);
    assert.deepEqual(readdirSync(join(home.folder, "landing")), []);
    source.intercept = undefined;
    assert.equal((await home.report(run)).code, 0);
    assert.equal((await home.watermarks()).length, 2);
  });

  it("by a failure that passes is retried where it stands", async () => {
    let failed = false;
    source.intercept = (url) => {
      if (failed || !url.searchParams.has("search_after")) return undefined;
      failed = true;
      return { kind: "answer", status: 429, headers: { "retry-after": "0" }, body: "{}" };
    };
    const env = { PIPELINE_PAGE_SIZE: "60" };
    const report = await home.report([...run, "--companies", "jpmorgan"], env);
    assert.equal(report.code, 0);
    assert.equal(report.requests, 2 + Math.ceil(report.companies[0]!.expected / 60) + 1);
  });

  it("that ends a walk leaves what has landed to the next run, which goes on from there", async () => {
    const env = { PIPELINE_PAGE_SIZE: "60", PIPELINE_RETRIES: "0" };
    const argv = [...run, "--companies", "jpmorgan", "--skip-dbt"];
    let pages = 0;
    source.intercept = (url) => {
      if (url.searchParams.has("search_after") && ++pages === 2) return { kind: "answer", status: 503, body: "" };
      return undefined;
    };
    const broken = await home.report(argv, env);
    assert.deepEqual([broken.code, broken.error?.code], [1, "source_unavailable"]);
    source.intercept = undefined;
    source.requests.length = 0;
    const { code, companies, requests } = await home.report(argv, env);
    assert.equal(code, 0);
    const { expected } = companies[0]!;
    assert.equal(requests, 3 + Math.ceil(expected / 60) - 2, "names, rows, rows again, and the pages that were left");
    assert.equal(source.requests.filter((url) => !url.searchParams.has("search_after")).length, 3);
    assert.deepEqual(readdirSync(join(home.folder, "landing")), []);
    await assertTrue(home, source, asOf, { from: "2026-09-01", to: asOf }, [jpmorgan]);
  });

  it("starts a company again when the index moves, three times in all", async () => {
    const argv = [...run, "--companies", "jpmorgan"];
    const env = { PIPELINE_PAGE_SIZE: "60" };
    let pages = 0;
    source.intercept = (url) => {
      if (!isPageOf(url, jpmorgan)) return undefined;
      pages++;
      if (pages === 2) source.asOf = "2026-11-19";
      return undefined;
    };
    const once = await home.report(argv, env);
    assert.equal(once.code, 0);
    source.intercept = (url) => {
      if (url.searchParams.has("search_after")) source.asOf = source.asOf === asOf ? "2026-11-19" : asOf;
      return undefined;
    };
    source.requests.length = 0;
    const always = await home.report(argv, env);
    assert.deepEqual([always.code, always.error?.code], [1, "index_moved"]);
    assert.equal(source.requests.filter((url) => isPageOf(url, jpmorgan)).length, 3 * 2);
    assert.equal((await home.query("select count(*) from pipeline.loads"))[0]?.[0], "1");
  });

  it("before it starts, because a name matches nothing, shows the nearest and leaves nothing behind", async () => {
    const { code, stderr } = await home.run([...run, "--companies", "jp morgan"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /error\[company_not_found\]: No company at the source matches "jp morgan"\. Nearest names: "JPMORGAN CHASE & CO\." \(/,
    );
    assert.equal(source.requests.length, 1);
    assert.ok(!existsSync(home.folder));
  });

  it("before the first request, because of its settings, leaves nothing at all", async () => {
    const cases: [string[], Record<string, string>, RegExp][] = [
      [["--start-date", "2999-01-01"], {}, /error\[config_invalid\]: `--start-date` is "2999-01-01"/],
      [
        ["--start-date", "2026-11-21"],
        {},
        /error\[config_invalid\]: The as-of day 2026-11-20 is before the start date 2026-11-21/,
      ],
      [["--as-of", "2199-01-01"], {}, /error\[as_of_in_future\]/],
      [["--start-date", "yesterday"], {}, /`--start-date` is "yesterday": expected a day such as 2024-01-01/],
      [["--look-back", "soon"], {}, /`--look-back` is "soon": expected a number/],
      [["--companies", 'a,"b'], {}, /--companies is not a list of companies/],
      [[], { PIPELINE_RETRIES: "many" }, /`PIPELINE_RETRIES` is "many": expected a number \(in the environment\)/],
      [
        [],
        { PIPELINE_DBT: "/no/such/dbt" },
        /error\[python_missing\]: The configured dbt \(\/no\/such\/dbt\) is not there/,
      ],
      [
        [],
        { PIPELINE_DBT: "", PIPELINE_CACHE_DIR: temporaryFolder(), PATH: "/no/such/folder" },
        /error\[python_missing\]: dbt needs Python 3\.10 to 3\.14/,
      ],
    ];
    for (const [argv, env, message] of cases) {
      const { code, stderr } = await home.run([...run, ...argv], env);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    assert.equal(source.requests.length, 0);
    assert.ok(!existsSync(home.folder));
  });

  it("because two texts mean the same company is refused", async () => {
    const { code, stderr } = await home.run([...run, "--companies", `jpmorgan,${jpmorgan}`]);
    assert.equal(code, 2);
    assert.match(stderr, /error\[company_ambiguous\]: .*"jpmorgan" and "JPMORGAN CHASE & CO\." both mean/);
  });

  it("because of its database path names the path and asks nothing", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "directory.duckdb"));
    writeFileSync(join(folder, "text.duckdb"), "this is no database, but it is long enough to look like one");
    for (const [name, message] of [
      ["directory.duckdb", /is a directory, not a file/],
      ["text.duckdb", /is not a DuckDB database/],
      ["text.duckdb/below.duckdb", /is not a folder/],
    ] as const) {
      const { code, stderr } = await home.run([...run, "--database", join(folder, name)]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
    assert.deepEqual(readdirSync(folder).toSorted(), ["directory.duckdb", "text.duckdb"]);
    assert.equal(source.requests.length, 0);
  });

  it("in a model or a test keeps the rows and the watermark, and the next run builds what is owed", async () => {
    for (const [mode, message] of [
      ["model", /error\[dbt_failed\]: dbt failed: model fct_complaints: error: Binder Error: no such column\./],
      ["test", /error\[dbt_failed\]: dbt failed: test unique_fct_complaints: fail, 3 rows: Got 3 results\./],
      ["crash", /error\[dbt_crashed\]: dbt stopped before it had results \(exit code 2\): Traceback: something broke/],
    ] as const) {
      const { code, stderr } = await home.run(run, { FAKE_DBT: mode });
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.match(stderr, /the watermark stays where it was/);
      assert.deepEqual(await home.watermarks(), []);
      assert.notDeepEqual(await liveRows(jpmorgan), [["0"]]);
    }
    // Nothing new is loaded now; the models are owed all the same.
    const report = await home.report(run);
    assert.deepEqual([report.code, report.dbt?.state, report.nothingNew], [0, "Completed", false]);
    assert.equal((await home.watermarks()).length, 2);
  });

  it("with --skip-dbt keeps the watermark, and dbt is owed", async () => {
    const report = await home.report([...run, "--skip-dbt"]);
    assert.deepEqual([report.code, report.dbt?.state, report.dbt?.reason], [0, "Skipped", "--skip-dbt"]);
    assert.deepEqual(await home.watermarks(), []);
    const next = await home.report(run);
    assert.deepEqual([next.companies[0]?.window.why, next.dbt?.state], ["first run", "Completed"]);
  });

  it("because the source shows nothing for days that are loaded withdraws nothing", async () => {
    assert.equal((await home.run(run)).code, 0);
    const before = await liveRows(jpmorgan);
    source.intercept = (url) =>
      isPageOf(url, jpmorgan)
        ? {
            kind: "answer",
            status: 200,
            body: '{"hits":{"total":{"value":0,"relation":"eq"},"hits":[]},"_meta":{"last_indexed":"x"}}',
          }
        : undefined;
    const { code, stderr } = await home.run(run);
    assert.equal(code, 3);
    assert.match(stderr, /The source no longer shows \d+ of the \d+ complaints of "jpmorgan"/);
    assert.match(stderr, /--accept-withdrawals/);
    assert.deepEqual(await liveRows(jpmorgan), before);
    assert.equal((await home.run([...run, "--accept-withdrawals"])).code, 0);
    const left = await home.query(
      `select max(date_received) < '2026-09-21' from raw.cfpb_complaints where company = '${jpmorgan}' and _deleted_at is null`,
    );
    assert.deepEqual(left, [["true"]], "only what lies before the window is left");
  });

  it("because a key is missing in some rows keeps what is stored, and still reconciles", async () => {
    assert.equal((await home.run(run)).code, 0);
    const states = () => home.query("select count(state) from raw.cfpb_complaints");
    const before = await states();
    source.intercept = () => ({ kind: "field", change: "missing", key: "state", every: 3 });
    const { code, stdout } = await home.run(run);
    assert.equal(code, 0);
    assert.match(stdout, /Missing at the source: state \(\d+ rows\)\. What is stored of them is kept\./);
    assert.deepEqual(await states(), before);
  });

  it("while another run holds the warehouse is refused at once and names it", async () => {
    source.intercept = () => ({ kind: "hang" });
    const first = home.start(run);
    await first.said(/as of 2026-11-20/);
    while (source.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const argv of [run, ["state", "reset"], ["state", "show"]]) {
      const { code, stderr } = await home.run(argv);
      assert.equal(code, 75, stderr);
      assert.match(
        stderr,
        new RegExp(`error\\[warehouse_locked\\]: Another run holds the warehouse .*: process ${first.child.pid}`),
      );
      assert.match(
        stderr,
        /next: Watch it with: pipeline runs watch ([0-9a-f]{8})\nStop it with: pipeline runs cancel \1\n$/,
      );
    }
    const document = await home.report(run);
    assert.deepEqual([document.code, document.error?.code], [75, "warehouse_locked"]);
    first.child.kill("SIGINT");
    assert.equal((await first.outcome).code, 130);
    source.intercept = undefined;
    assert.equal((await home.run(run)).code, 0);
  });

  it("names companies that are no longer configured, with their rows", async () => {
    assert.equal((await home.run(run)).code, 0);
    const { stdout } = await home.run(run, { PIPELINE_COMPANIES: "jpmorgan" });
    const once = await home.run([...run, "--companies", "jpmorgan"]);
    assert.match(once.stdout, /Not part of this run and left as it is: "bank of america", \d+ rows/);
    assert.match(
      stdout,
      /Not configured any more and left as it is: "bank of america", \d+ rows, loaded through 2026-11-20/,
    );
    const shown = await home.run(["state", "show"], { PIPELINE_COMPANIES: "jpmorgan" });
    assert.match(shown.stdout, /bank of america \(not configured\)/);
  });

  it("goes on with the recorded names of a text that matches nothing any more", async () => {
    assert.equal((await home.run(run)).code, 0);
    source.intercept = (url) => {
      if (url.searchParams.has("company")) return undefined;
      const company = { company: { sum_other_doc_count: 0, buckets: [{ key: bankOfAmerica, doc_count: 1 }] } };
      return { kind: "answer", status: 200, body: JSON.stringify({ aggregations: { company } }) };
    };
    const { code, stderr } = await home.run(run);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /warning: "jpmorgan" matches nothing at the source any more; going on with JPMORGAN CHASE & CO\./,
    );
  });

  it("with a watermark in the future is refused, and a reset helps", async () => {
    assert.equal((await home.run(run)).code, 0);
    await changeFile(home.database, "update pipeline.state set loaded_through = date '2100-01-01'");
    const refused = await home.run(run);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /error\[watermark_in_future\].*2100-01-01[\s\S]*pipeline state reset/);
    const reset = await home.run(["state", "reset"]);
    assert.equal(
      reset.stdout,
      "Forgotten: bank of america, jpmorgan. Loaded complaints stay; the next run loads from the start date again.\n",
    );
    assert.equal((await home.run(run)).code, 0);
  });
});

describe("state show", () => {
  it("shows what was loaded and what is owed, where no watermark says so", async () => {
    const source = await startTestSource();
    const home = testHome(source);
    const loaded =
      /Loaded, without a watermark: "jpmorgan", 2026-09-01\.\.2026-11-20, \d+ rows, at .*reads from the start date\.\n/;
    const shown = async () => (await home.run(["state", "show"])).stdout;
    try {
      await home.run([...run, "--skip-dbt"]);
      assert.match(await shown(), loaded);
      assert.match(
        await shown(),
        /in the state of no company: JPMORGAN CHASE & CO\. \(\d+ rows\), BANK OF AMERICA, NATIONAL ASSOCIATION \(\d+ rows\)\.\n[\s\S]*Models: to be built by the next run/,
      );
      await home.run(run, { FAKE_DBT: "test" });
      assert.match(await shown(), loaded);
      await home.run(run);
      assert.doesNotMatch(await shown(), /without a watermark/);
      await home.run(["state", "reset"]);
      assert.match(await shown(), loaded);
      const { companies, loaded: loads } = JSON.parse((await home.run(["state", "show", "--json"])).stdout);
      assert.deepEqual([companies, loads.length], [[], 2]);
    } finally {
      await source.close();
    }
  });

  it("is about the last load, and says what it does not know", async () => {
    const source = await startTestSource();
    const home = testHome(source);
    try {
      const none = await home.run(["state", "show"]);
      assert.deepEqual(
        [none.code, none.stdout],
        [0, `Nothing is remembered in ${home.database}: the next run loads everything.\n`],
      );
      await home.run(run);
      const { stdout } = await home.run(["state", "show", "--json"]);
      const { companies, dbt } = JSON.parse(stdout) as { companies: Record<string, unknown>[]; dbt: unknown };
      assert.deepEqual(
        companies.map(({ company, names, loadedThrough }) => [company, names, loadedThrough]),
        [
          ["bank of america", [bankOfAmerica], asOf],
          ["jpmorgan", [jpmorgan], asOf],
        ],
      );
      assert.deepEqual(dbt, { owed: false, reason: "nothing new" });
      const wrong = await home.run(["state", "reset", "jpmorgn"]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /Did you mean "jpmorgan"\?/);
      assert.match((await home.run(["state", "reset", "jpmorgan"])).stdout, /^Forgotten: jpmorgan\./);
      assert.deepEqual(await home.watermarks(), [["bank of america", "2026-09-01", asOf]]);
    } finally {
      await source.close();
    }
  });
});
