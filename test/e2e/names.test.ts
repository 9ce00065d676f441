import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";

const asOf = "2026-11-30";
const two = (number: number) => String(number).padStart(2, "0");
const day = (i: number) => `2026-${two(9 + Math.floor(i / 28))}-${two(1 + (i % 28))}`;
const bank = (i: number) => doc(8_000_000 + i, day(i));
const cards = (i: number) => doc(8_000_100 + i, day(i), { company: "ACME CARDS" });
const eighty = Array.from({ length: 80 }, (_, i) => i);

describe("the names of a text", () => {
  let source: DocumentSource;
  let home: TestHome;
  beforeEach(async () => {
    source = await startDocuments([...eighty.map(bank), ...eighty.map(cards)], asOf);
    home = testHome(source);
  });
  afterEach(() => source.close());

  const run = (...argv: string[]) =>
    home.report(["run", "--start-date", "2026-09-01", "--as-of", asOf, "--look-back", "10", ...argv]);
  const live = () =>
    home.query("select company, count(*) from raw.cfpb_complaints where _deleted_at is null group by all order by 1");

  it("stay among those asked for when a name comes to equal it", async () => {
    await run("--companies", "acme");
    source.change([
      doc(8_000_300, "2026-11-28", { company: "Acme" }),
      doc(8_000_400, "2026-11-29"),
      doc(8_000_401, asOf),
    ]);
    source.change([], [8_000_079]);
    const { code, warnings, companies } = await run("--companies", "acme");
    assert.equal(code, 0);
    assert.deepEqual(companies[0]?.names, ["ACME BANK", "ACME CARDS", "Acme"]);
    assert.equal(companies[0]?.window.from, "2026-09-01", "the new name is read from the start");
    assert.deepEqual(await live(), [
      ["ACME BANK", "81"],
      ["ACME CARDS", "80"],
      ["Acme", "1"],
    ]);
    assert.match(
      warnings[0]?.message ?? "",
      /^"acme" now equals the name "Acme" \(1 complaint\) and still means ACME BANK and ACME CARDS, which were loaded under it/,
    );
    // The names that somebody writes out move to their own texts.
    const split = await run("--companies", "acme", "--companies", "acme bank", "--companies", "acme cards");
    assert.deepEqual(
      split.companies.map(({ names }) => names),
      [["Acme"], ["ACME BANK"], ["ACME CARDS"]],
    );
    assert.deepEqual([split.untracked, split.forgotten], [[], []]);
  });

  it("that nobody asks for any more are listed with their rows", async () => {
    await run("--companies", "acme");
    const narrowed = await run("--companies", "acme bank");
    assert.deepEqual(
      narrowed.forgotten.map(({ company, names, rows }) => [company, names, rows]),
      [["acme", ["ACME CARDS"], 80]],
    );
    source.change([doc(8_000_300, "2026-11-28", { company: "Acme" })]);
    assert.equal((await home.run(["state", "reset", "acme"])).code, 0);
    const { companies, untracked } = await run("--companies", "acme");
    assert.deepEqual(companies[0]?.names, ["Acme"]);
    assert.deepEqual(untracked, [{ name: "ACME CARDS", rows: 80 }]);
    const { stdout } = await home.run(["state", "show"]);
    assert.match(stdout, /in the state of no company: ACME CARDS \(80 rows\)\./);
  });

  it("that only a backfill loaded are shown, and claimed by no watermark", async () => {
    const backfill = [
      "backfill",
      "--from",
      "2026-09-05",
      "--to",
      "2026-09-10",
      "--as-of",
      asOf,
      "--companies",
      "acme cards",
    ];
    const { stdout, code } = await home.run(backfill);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /null|Not configured/);
    assert.match(stdout, /No watermark is remembered of "acme cards": the next run reads from the start date\./);
    const shown = await home.run(["state", "show"]);
    assert.match(shown.stdout, /in the state of no company: ACME CARDS \(6 rows\)\./);
    const { companies } = await run("--companies", "acme cards");
    assert.deepEqual(companies[0]?.window.why, "first run");
    assert.deepEqual(await home.watermarks(), [["acme cards", "2026-09-01", asOf]]);
  });

  it("that vanish beside others are still asked for, and their rows are withdrawn", async () => {
    source.change(
      eighty.map((i) => doc(8_000_200 + i, day(i), { company: "ACME TRUST" })),
      eighty.slice(0, 75).map((i) => 8_000_100 + i),
    );
    await run("--companies", "acme");
    source.change(
      [],
      eighty.slice(75).map((i) => 8_000_100 + i),
    );
    const { companies, warnings } = await run("--companies", "acme", "--reset-state");
    assert.deepEqual([companies[0]?.names.length, companies[0]?.deleted], [3, 5]);
    assert.match(warnings[0]?.message ?? "", /does not have ACME CARDS of "acme" any more; it is still asked for/);
  });
});
