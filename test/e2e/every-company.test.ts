import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Plan } from "../../src/pipeline/plan/plan.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";

const asOf = "2026-11-30";
const companies = ["ACME BANK", "BETA, INC.", "GAMMA & SONS"];
const two = (number: number) => String(number).padStart(2, "0");
const rows = Array.from({ length: 90 }, (_, i) =>
  doc(8_000_000 + i, `2026-${two(9 + Math.floor(i / 30))}-${two(1 + (i % 28))}`, { company: companies[i % 3] }),
);
const days = ["--start-date", "2026-09-01", "--as-of", asOf, "--look-back", "20"];
const all = ["run", "--companies", "all", ...days, "--skip-dbt"];

describe("every company", () => {
  let source: DocumentSource;
  let home: TestHome;
  beforeEach(async () => {
    source = await startDocuments(rows, asOf);
    home = testHome(source);
  });
  afterEach(() => source.close());

  const live = () =>
    home.query("select count(*), count(distinct company) from raw.cfpb_complaints where _deleted_at is null");

  it("is loaded by one text that has no names, in pages that ask for no company", async () => {
    const plan = JSON.parse((await home.run(["plan", "--companies", "ALL", ...days, "--json"])).stdout) as Plan;
    assert.deepEqual(
      [plan.companies[0]?.company, plan.companies[0]?.names, plan.companies[0]?.expected],
      ["all", [], 90],
    );
    source.requests.length = 0;
    const report = await home.report(["run", "--companies", "all", ...days]);
    assert.equal(report.code, 0, JSON.stringify(report.error));
    assert.equal(source.requests.length, plan.requests);
    assert.ok(source.requests.every((url) => !url.searchParams.has("company")));
    const [loaded] = report.companies;
    assert.deepEqual([loaded!.company, loaded!.names, loaded!.inserted, loaded!.loadedThrough], ["all", [], 90, asOf]);
    assert.deepEqual(await live(), [["90", "3"]]);
    assert.deepEqual([report.forgotten, report.untracked], [[], []]);
    assert.match(
      (await home.run(["state", "show"])).stdout,
      /\nall \(not configured\) +2026-09-01\.\.2026-11-30 +90 .* every company\n/,
    );
  });

  it("looks back, withdraws, and compares the days outside, as for one company", async () => {
    await home.report(["run", "--companies", "all", ...days]);
    source.change(
      [
        doc(8_000_082, "2026-11-27", { company: "BETA, INC.", state: "FL" }),
        doc(9_000_000, "2026-11-29", { company: "NEW ONE" }),
      ],
      [8_000_080],
    );
    const night = await home.report(["run", "--companies", "all", ...days]);
    const [loaded] = night.companies;
    assert.deepEqual([loaded!.inserted, loaded!.updated, loaded!.deleted], [1, 1, 1]);
    assert.match(loaded!.window.why, /^look-back 20 days/);
    const before = rows.filter(({ _source }) => String(_source.date_received) < "2026-11-10").length;
    const compared = { from: "2026-09-01", to: "2026-11-09", unknown: [] };
    assert.deepEqual(night.outside, [{ ...compared, here: before, there: before, differing: [] }]);
    source.change([], [8_000_000]);
    const { outside } = await home.report(all);
    const here = rows.filter(
      ({ _source: { company, date_received: at } }) => company === "ACME BANK" && String(at) < "2026-11-10",
    ).length;
    const differing = [{ name: "ACME BANK", here, there: here - 1 }];
    assert.deepEqual(outside, [{ ...compared, here: before, there: before - 1, differing }]);
  });

  it("takes over what was loaded company by company, and is forgotten beside companies again", async () => {
    const some = ["run", "--companies", "acme,gamma", ...days, "--skip-dbt"];
    assert.equal((await home.report(["run", "--companies", "acme,gamma", ...days])).code, 0);
    const [taken] = (await home.report(["run", "--companies", "all", ...days])).companies;
    assert.deepEqual([taken!.inserted, taken!.updated, taken!.unchanged], [30, 0, 60]);
    const seen = await home.query(
      "select company, count(*), count(_first_seen_on) from raw.cfpb_complaints group by 1 order by 1",
    );
    assert.deepEqual(
      seen,
      companies.map((name) => [name, "30", "0"]),
      "no load had looked at their days before",
    );
    // A row that appears in days that only a load of every company has read was seen then for the first time.
    source.change([doc(9_000_001, "2026-11-20", { company: "BETA, INC." })]);
    await home.report(all);
    const first =
      "select _first_seen_on::varchar, _unseen_until::varchar from raw.cfpb_complaints where complaint_id = '9000001'";
    const askedOn = new Date().toISOString().slice(0, 10);
    assert.deepEqual(await home.query(first), [[askedOn, askedOn]]);
    const back = await home.report(some);
    assert.deepEqual(
      back.forgotten.map(({ company, rows: left }) => [company, left]),
      [["all", 31]],
    );
    assert.match((await home.run(some)).stdout, /Not configured any more and left as it is: "all", 31 rows/);
  });

  it("stands by itself: beside other texts it is refused", async () => {
    for (const list of ["all,acme", "acme,All"]) {
      const { code, stderr } = await home.run(["run", "--companies", list]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /error\[config_invalid\]: `--companies` is \[.*\]: expected `all` by itself, or companies\./,
      );
    }
  });
});
