import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";

const asOf = "2026-11-30";
const two = (number: number) => String(number).padStart(2, "0");
const day = (i: number) => `2026-${two(9 + Math.floor(i / 28))}-${two(1 + (i % 28))}`;
const eighty = Array.from({ length: 80 }, (_, i) => doc(8_000_000 + i, day(i)));
const run = ["run", "--companies", "acme", "--start-date", "2026-09-01", "--as-of", asOf, "--look-back", "10"];

describe("a night without differences", () => {
  let source: DocumentSource;
  let home: TestHome;
  beforeEach(async () => {
    source = await startDocuments(eighty, asOf);
    home = testHome(source);
    assert.equal((await home.run(run)).code, 0);
  });
  afterEach(() => source.close());

  it("says which rows were compared, and how the others' number differs", async () => {
    // Of the days before the look-back, 30 are withdrawn, one has another answer and 5 are new.
    source.change(
      [
        doc(8_000_040, day(40), { company_response: "Untimely response" }),
        ...Array.from({ length: 5 }, (_, i) => doc(8_000_200 + i, "2026-09-10")),
      ],
      Array.from({ length: 30 }, (_, i) => 8_000_000 + i),
    );
    const { code, stdout } = await home.run(run);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /Nothing new: the 5 rows of these windows are as they were\. Days outside them were not compared row by row\./,
    );
    assert.match(
      stdout,
      /Warning: outside the windows, from 2026-09-01 to 2026-11-19, 75 rows here and 50 at the source \(ACME BANK 75 here and 50 there\); .*backfill --from 2026-09-01 --to 2026-11-19/,
    );
    const report = await home.report(run);
    assert.deepEqual(report.outside, [
      {
        ...{ from: "2026-09-01", to: "2026-11-19", here: 75, there: 50, unknown: [] },
        differing: [{ name: "ACME BANK", here: 75, there: 50 }],
      },
    ]);
    assert.equal(
      report.requests,
      4,
      "one question for the names, one for the rows, one page, one for the days outside",
    );
  });

  it("says that a row whose day was corrected has left the window; it comes back when its new day is read", async () => {
    // Of 2026-11-24, in the look-back, to a day before it.
    source.change([doc(8_000_079, "2026-09-10"), doc(8_000_400, "2026-11-29")]);
    const { code, stdout } = await home.run(run);
    assert.equal(code, 0);
    assert.match(stdout, /1 row left the window \(withdrawn, or dated earlier\)\./);
    assert.equal((await home.report(run)).companies[0]?.deleted, 0, "it is told once");
    const back = await home.run(["backfill", "--companies", "acme", "--from", "2026-09-10", "--to", "2026-09-10"], {
      PIPELINE_AS_OF: asOf,
    });
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(
      await home.query(
        "select date_received::date::varchar, _deleted_at is null from raw.cfpb_complaints where complaint_id = '8000079'",
      ),
      [["2026-09-10", "true"]],
    );
    assert.deepEqual(
      await home.query(
        "select field, old_value, new_value from raw.cfpb_complaint_changes where complaint_id = '8000079' and field <> 'date_sent_to_company' order by all",
      ),
      [
        ["_withdrawn", "false", "true"],
        ["_withdrawn", "true", "false"],
        ["date_received", "2026-11-24 10:00:00+00", "2026-09-10 10:00:00+00"],
      ],
      "with its entries",
    );
  });

  it("says that all rows are the source's where all were compared", async () => {
    assert.match(
      (await home.run(run)).stdout,
      /were not compared row by row\. Their 75 rows are as many as at the source\./,
    );
    const { stdout } = await home.run([...run, "--look-back", "100"]);
    assert.match(stdout, /Nothing new: the source shows exactly the rows that are here\./);
  });

  it("takes a name that a cut list leaves out for unknown, and no answer for no difference", async () => {
    const isOutside = (url: URL) =>
      url.searchParams.get("date_received_max") === "2026-11-19" && !url.searchParams.has("company");
    const company = { company: { sum_other_doc_count: 7, buckets: [{ key: "OTHER", doc_count: 9 }] } };
    source.intercept = (url) =>
      isOutside(url) ? { kind: "answer", status: 200, body: JSON.stringify({ aggregations: { company } }) } : undefined;
    const capped = await home.report(run);
    assert.deepEqual([capped.outside?.[0]?.unknown, capped.warnings], [["ACME BANK"], []]);
    source.intercept = (url) => (isOutside(url) ? { kind: "html", status: 403 } : undefined);
    const silent = await home.report(run);
    assert.deepEqual([silent.code, silent.outside, silent.warnings], [0, null, []]);
    assert.deepEqual(silent.companies[0]?.state, "Completed");
  });

  it("is not called one where models are owed, or rows could not be read", async () => {
    assert.equal((await home.report([...run, "--skip-dbt"])).nothingNew, true);
    source.change([doc(8_000_300, "2026-11-29")]);
    assert.equal((await home.report([...run, "--skip-dbt"])).nothingNew, false);
    assert.equal((await home.report([...run, "--skip-dbt"])).nothingNew, false, "the models are owed");
    await home.run(run);
    source.change([doc(8_000_301, "2026-11-29", { timely: "perhaps" })]);
    const { nothingNew, companies } = await home.report(run);
    assert.deepEqual([nothingNew, companies[0]?.rejected], [false, 1]);
  });
});
