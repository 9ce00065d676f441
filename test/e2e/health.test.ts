import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";

const asOf = "2026-11-30";
const two = (number: number) => String(number).padStart(2, "0");
const rows = Array.from({ length: 30 }, (_, i) => doc(8_000_000 + i, `2026-11-${two(i + 1)}`));
const run = ["run", "--companies", "acme", "--start-date", "2026-11-01", "--as-of", asOf, "--skip-dbt"];
const hold = { PIPELINE_SOURCE_HEALTH_ON_TROUBLE: "hold" };

describe("a source that is not well", () => {
  let source: DocumentSource;
  let home: TestHome;
  beforeEach(async () => {
    source = await startDocuments(rows, asOf);
    home = testHome(source);
    assert.equal((await home.run(run.slice(0, -1))).code, 0);
  });
  afterEach(() => source.close());

  const codes = ({ warnings }: RunReport) => warnings.map(({ code }) => code);
  const live = () => home.query("select count(*) from raw.cfpb_complaints where _deleted_at is null");
  const saysOfItself = (flags: { stale?: boolean; issue?: boolean }) => {
    source.intercept = () => ({ kind: "meta", ...flags });
  };

  it("withdraws nothing: what is new is loaded, and what is gone goes when it is well again", async () => {
    source.change([doc(9_000_000, "2026-11-30")], [8_000_010]);
    saysOfItself({ stale: true, issue: true });
    const sick = await home.report(run);
    assert.equal(sick.code, 0, JSON.stringify(sick.error));
    assert.deepEqual(codes(sick), ["source_stale", "source_issue"]);
    assert.match(sick.warnings[0]!.message, /stale.*; nothing is withdrawn today$/);
    const [loaded] = sick.companies;
    assert.deepEqual([loaded!.inserted, loaded!.deleted, loaded!.expected], [1, 0, 30]);
    assert.deepEqual(await live(), [["31"]]);
    const { stdout } = await home.run(run);
    assert.match(stdout, /Warning: the source says that its data has an issue; nothing is withdrawn today\./);
    source.intercept = undefined;
    const [well] = (await home.report(run)).companies;
    assert.equal(well!.deleted, 1);
    assert.deepEqual(await live(), [["30"]]);
  });

  it("is one whose complaints are fewer by far, or whose index went back", async () => {
    source.change([], [8_000_000, 8_000_001]);
    const shrunk = await home.report(run.slice(0, -1));
    assert.deepEqual([codes(shrunk), shrunk.companies[0]!.deleted], [["source_shrank"], 0]);
    assert.match(shrunk.warnings[0]!.message, /^the source has 28 complaints in all, and had 30 before;/);
    const after = await home.report(run.slice(0, -1));
    assert.deepEqual([codes(after), after.companies[0]!.deleted], [[], 2], "it is what it is from then on");
    source.asOf = "2026-11-29";
    source.change([doc(8_000_005, "2026-11-06", { state: "FL" })]);
    assert.deepEqual(codes(await home.report(run)), ["source_went_back"]);
  });

  it("is not loaded from at all where that is wanted, and nothing changes", async () => {
    source.change([doc(9_000_000, "2026-11-30")]);
    saysOfItself({ issue: true });
    const { code, stderr } = await home.run(run, hold);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /error\[source_unwell\]: The source is not well today: the source says that its data has an issue\.\n/,
    );
    assert.match(stderr, /\ndata: Nothing was loaded or changed\.\nnext: .*sourceHealth\.onTrouble/);
    assert.deepEqual(await live(), [["30"]]);
    source.intercept = undefined;
    assert.equal((await home.report(run, hold)).companies[0]!.inserted, 1);
  });
});
