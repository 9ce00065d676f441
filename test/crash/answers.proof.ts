import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { CompanyReport, RunReport } from "../../src/pipeline/report/report.ts";
import { isRetryable, PipelineError } from "../../src/run/errors.ts";
import { wordFields } from "../../src/sample/dataset/rows.ts";
import { type Chooser, chooser, seedsUpTo } from "../harness/chooser.ts";
import { temporaryFolder } from "../harness/context.ts";
import { runInProcess } from "../harness/in-process.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";
import { query } from "../harness/warehouse.ts";

const answers = 80;

const window = { from: "2026-06-01", to: "2026-11-20" };
const config = { startDate: window.from, lookBackDays: 400, pageSize: 60 };

/** What may stand anywhere in JSON. */
const values: unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e308,
  "",
  " 123 ",
  "null",
  "NaN",
  "infinity",
  "now",
  "\u0000",
  "\ud800",
  "'; drop table x; --",
  '\n\t"\\/',
  "2026-02-30",
  "2026-10-05",
  "2026-10-05T12:00:00-05:00",
  "99999-01-01",
  [],
  {},
  [1, "x"],
  { a: { b: null } },
  "x".repeat(70_000),
];
const keys = ["", "a/b", "a~b", "'", '"', "COMPLAINT_ID", "_load_id", "\u0000k", "x".repeat(3000)];
const insertions = ["", "\u0000", "[]", "{}", "null", ",", '"', "\\", "}", "\ufeff", "\n\n"];

type Row = Record<string, unknown>;
type Hit = Row & { _source: Row };
type Answer = Row & { hits: Row & { hits: Hit[] } };

/** An answer in which one thing is not as it was, and what. */
function spoiled(text: string, { below, among }: Chooser): [text: string, change: string] {
  /** Another value of a key, or none. */
  const change = (object: Row, key: string): string => {
    const value = below(3) === 0 ? undefined : among(values);
    object[key] = value;
    return `${key}: ${JSON.stringify(value)?.slice(0, 40)}`;
  };
  const answer = JSON.parse(text) as Answer;
  const hits = answer.hits.hits;
  const way = among([
    "insert",
    "cut",
    "envelope",
    "hit",
    "order",
    "field",
    "every row",
    "new key",
    "key twice",
  ] as const);
  const at = among([0, text.length, below(text.length)]);
  if (way === "cut") return [text.slice(0, at), `cut at ${at}`];
  if (way === "insert" || hits.length === 0) {
    const inserted = among(insertions);
    return [text.slice(0, at) + inserted + text.slice(at), `insert ${JSON.stringify(inserted)} at ${at}`];
  }
  const hit = among(hits);
  if (way === "key twice") {
    const source = JSON.stringify(hit._source);
    const other = JSON.stringify({ [among(Object.keys(hit._source))]: among(values) });
    return [text.replace(source, () => `${other.slice(0, -1)},${source.slice(1)}`), `${way}: ${other.slice(0, 60)}`];
  }
  let what: string;
  if (way === "envelope") {
    const object = among<Row>([answer, answer.hits, answer.hits.total as Row, answer._meta as Row]);
    what = change(object, among(Object.keys(object)));
  } else if (way === "hit") {
    what = change(hit, among(Object.keys(hit)));
  } else if (way === "order") {
    hits.splice(below(hits.length), below(2), ...(below(2) === 0 ? [hit] : []));
    what = "a hit more, less or elsewhere";
  } else {
    const key = way === "new key" ? among(keys) : among(Object.keys(hit._source));
    const twin = structuredClone(hit._source);
    what = change(twin, key);
    for (const one of way === "every row" ? hits : [hit]) one._source[key] = twin[key];
  }
  return [JSON.stringify(answer), `${way}, ${what}`];
}

/** Whatever one answer of the source is like: refused with what was stored untouched, or stored as it was sent. */
describe("a page that is not as it should be", () => {
  let source: TestSource;
  let clean: TestSource;
  before(async () => {
    source = await startTestSource();
    clean = await startTestSource();
  });
  after(async () => {
    await source.close();
    await clean.close();
  });

  for (const seed of seedsUpTo(answers)) it(`SEED=${seed}`, { timeout: 60_000 }, () => oneAnswer(seed));

  async function oneAnswer(seed: number): Promise<void> {
    const home = join(temporaryFolder(), "home");
    const database = join(home, "cfpb_complaints.duckdb");
    const night = (asOf: string) => {
      source.asOf = asOf;
      clean.asOf = asOf;
      return runInProcess({ home, source, config, skipDbt: true });
    };
    assert.equal((await night("2026-11-10")).error, null);
    const stored = await rowsOf(database);

    const pages = new Map<string, string>();
    const choose = chooser(seed);
    const spoiledPage = choose.below(6);
    let change = "";
    source.intercept = async (url) => {
      if (!url.searchParams.has("company")) return undefined;
      const address = `${url.pathname}${url.search}`;
      let body = pages.get(address);
      if (body === undefined) {
        body = await (await fetch(new URL(address, clean.url))).text();
        if (pages.size === spoiledPage) [body, change] = spoiled(body, choose);
        pages.set(address, body);
      }
      return { kind: "answer", status: 200, body };
    };
    const report = await night(window.to);
    source.intercept = undefined;
    try {
      await checkLoads(report, database, stored, pages);
      // What a request that may pass has ended is left for the next run.
      const goesOn = ({ error }: CompanyReport) => error !== null && isRetryable(new PipelineError(error), "request");
      if (!report.companies.some(goesOn)) assert.deepEqual(readdirSync(join(home, "landing")), []);
      const healed = await night(window.to);
      assert.equal(healed.error, null);
      assert.deepEqual(readdirSync(join(home, "landing")), []);
      await assertTrue({ database }, source, window.to, window);
    } catch (error) {
      throw new Error(`page ${spoiledPage}, ${change}: ${JSON.stringify(report.companies.map((one) => one.error))}`, {
        cause: error,
      });
    }
  }

  async function checkLoads(
    report: RunReport,
    database: string,
    stored: Texts[],
    pages: Map<string, string>,
  ): Promise<void> {
    const now = await rowsOf(database);
    const of = (rows: Texts[], names: readonly string[]) => rows.filter(([company]) => names.includes(company!));
    assert.equal(report.companies.length, 2);
    for (const { names, error, rejected } of report.companies) {
      if (error !== null) {
        assert.notEqual(error.code, "internal");
        assert.deepEqual(of(now, names), of(stored, names), "what was stored stands");
        continue;
      }
      const sent = [...pages]
        .filter(([address]) => new URL(address, source.url).searchParams.getAll("company").join() === names.join())
        .flatMap(([, page]) => (JSON.parse(page.replace(/^\ufeff/, "")) as Answer).hits.hits);
      assert.ok(sent.length > 0);
      const held = new Map(of(now, names).map(([, id, ...values]) => [id, values]));
      let apart = 0;
      for (const hit of sent) {
        // What is no object has no fields.
        const _source = Object(hit._source) as Row;
        const values = held.get(textOf(_source.complaint_id)?.trim() ?? null);
        const asSent = wordFields.filter((field) => field in _source).map((field) => textOf(_source[field]));
        const asHeld = values && wordFields.flatMap((field, i) => (field in _source ? [values[i]!] : []));
        if (JSON.stringify(asHeld) !== JSON.stringify(asSent)) apart++;
      }
      assert.ok(apart <= (rejected ?? 0), `${apart} rows are not as sent, ${rejected} rejected`);
    }
  }
});

type Texts = (string | null)[];

/** Company, id and the fields of words of what is live. */
function rowsOf(database: string): Promise<Texts[]> {
  return query(
    database,
    `select company, complaint_id, ${wordFields.join(", ")} from raw.cfpb_complaints where _deleted_at is null order by 2`,
  );
}

/** A value of JSON as a column of texts holds it. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}
