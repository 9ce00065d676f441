import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { dayNumber, endOfDay } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { timedIndex } from "../../src/sample/index/live-index.ts";
import { type SampleServer, startSample } from "../../src/sample/server/server.ts";
import { truth } from "./truth.ts";

const jpmorgan = "JPMORGAN CHASE & CO.";
const boa = "BANK OF AMERICA, NATIONAL ASSOCIATION";
const asOf = "2026-11-20";

type Hit = { _id: string; _source: Record<string, string | null>; sort: [number, string] };
type Bucket = { key: string; doc_count: number };
type Result = {
  hits: { total: { value: number }; hits: Hit[] };
  aggregations?: { company: { doc_count: number; company: { buckets: Bucket[]; sum_other_doc_count: number } } };
  _meta: { total_record_count: number; last_indexed: string; last_updated: string };
};

describe("the sample's search API", () => {
  const rows = generateRows({ lastDay: dayNumber(asOf), scale: 0.02 });
  let server: SampleServer;
  let now = endOfDay(asOf);
  before(async () => {
    server = await startSample({ index: timedIndex(rows), now: () => now });
  });
  after(() => server.close());

  const get = (query: string | URLSearchParams) => fetch(`${server.url}?${query}`);
  const search = async (query: Record<string, string | string[]>): Promise<Result> => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) parameters.append(name, one);
    const response = await get(parameters);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    return (await response.json()) as Result;
  };

  it("answers what is out of bounds as CFPB's code does", async () => {
    const cases: [query: string, status: number][] = [
      ["size=2&sort=created_date_desc&search_after=9223372036854775807_1", 200],
      ["size=2&sort=created_date_desc&search_after=9223372036854775808_1", 424],
      ["size=2&sort=created_date_desc&search_after=99999999999999999999999_1", 424],
      ["date_received_min=0001-01-01&size=0", 200],
      ["date_received_min=0000-01-01&size=0", 400],
      ["size=1_0", 200],
      ["size=_10", 400],
      [`size=${"0".repeat(1001)}`, 400],
      ["frm=99999999999999999999", 400],
    ];
    for (const [query, status] of cases) assert.equal((await get(query)).status, status, query);
    const long = await get(`size=${"0".repeat(1001)}`);
    assert.deepEqual(await long.json(), { size: ["String value too large."] });
  });

  it("settles how an answer is written before it refuses a method", async () => {
    const ask = async (method: string, query: string) => {
      const answer = await fetch(`${server.url}?${query}`, { method });
      return [answer.status, answer.headers.get("content-type"), answer.headers.get("allow"), await answer.text()];
    };
    assert.deepEqual(await ask("HEAD", "format=csv"), [405, "text/csv; charset=utf-8", "OPTIONS, GET", ""]);
    assert.deepEqual(await ask("POST", "format=csv"), [405, "text/csv; charset=utf-8", "OPTIONS, GET", "detail"]);
    assert.equal((await ask("HEAD", "size=1"))[0], 405);
    for (const method of ["HEAD", "DELETE", "OPTIONS"]) assert.equal((await ask(method, "format=xml"))[0], 404);
  });

  it("tells of an error of its own, and says 500", async (t) => {
    const said = t.mock.method(process.stderr, "write", () => true);
    const failing = await startSample({
      index: timedIndex(rows),
      now: () => {
        throw new Error("no clock");
      },
    });
    try {
      const answer = await fetch(failing.url);
      assert.deepEqual(
        [answer.status, await answer.json()],
        [500, { error: "There was a problem retrieving your request" }],
      );
      assert.match(String(said.mock.calls[0]?.arguments[0]), /^error: GET .*: Error: no clock/);
    } finally {
      await failing.close();
    }
  });

  it("finds companies by their exact name, several at once", async () => {
    const count = async (company: string[]) => (await search({ size: "0", company })).hits.total.value;
    const [one, other] = [await count([jpmorgan]), await count([boa])];
    assert.ok(one > 0 && other > 0);
    assert.equal(await count([jpmorgan, boa]), one + other);
    assert.equal(await count(["jpmorgan chase & co."]), 0);
  });

  it("walks all rows of a window, ties included, in both directions", async () => {
    const window = { date_received_min: "2026-08-01", date_received_max: "2026-10-31" };
    const expected = truth(rows, asOf, { from: "2026-08-01", to: "2026-10-31" });
    for (const sort of ["created_date_asc", "created_date_desc"]) {
      const got: Hit[] = [];
      for (let pair: string | null = null; ; ) {
        const query: Record<string, string> = { ...window, size: "7", no_aggs: "true", sort };
        const page: Result = await search(pair === null ? query : { ...query, search_after: pair });
        assert.equal(page.hits.total.value, expected.length);
        got.push(...page.hits.hits);
        const last = page.hits.hits.at(-1);
        if (last === undefined) break;
        pair = last.sort.join("_");
      }
      if (sort === "created_date_desc") got.reverse();
      assert.deepEqual(
        got.map(({ _source: { ...source } }) => source.complaint_id),
        expected.map((row) => row.complaint_id),
      );
      assert.deepEqual(got[0]?._source, expected[0]);
      assert.deepEqual(Object.keys(got[0]?._source ?? {}).length, 15);
    }
  });

  it("takes both ends of a date range", async () => {
    const day = await search({
      size: "1000",
      sort: "created_date_asc",
      date_received_min: "2026-09-01",
      date_received_max: "2026-09-01",
    });
    assert.ok(day.hits.hits.length > 0);
    for (const { _source } of day.hits.hits) assert.match(_source.date_received ?? "", /^2026-09-01T/);
  });

  it("counts companies without their own filter", async () => {
    const { hits, aggregations } = await search({ size: "0", company: jpmorgan });
    const { doc_count, company } = aggregations!.company;
    assert.equal(company.buckets.find(({ key }) => key === jpmorgan)?.doc_count, hits.total.value);
    assert.equal(doc_count, (await search({ size: "0" })).hits.total.value);
    assert.ok(company.buckets.length > 20);
    for (const [i, bucket] of company.buckets.entries()) {
      if (i > 0) assert.ok(bucket.doc_count <= company.buckets[i - 1]!.doc_count);
    }
  });

  it("matches company texts by all words, and by any word of a query string", async () => {
    const names = async (search_term: string) => {
      const { aggregations } = await search({ size: "0", search_term, field: "company" });
      return aggregations!.company.company.buckets.map(({ key }) => key);
    };
    assert.deepEqual(await names("jpmorgan"), [jpmorgan]);
    assert.deepEqual(await names("bank of america"), [boa]);
    assert.deepEqual(await names("banks america"), [boa]);
    assert.deepEqual(await names("bank zzzz"), []);
    assert.ok((await names("JPMORGAN CHASE & CO.")).length > 1);
  });

  it("refuses what the source refuses, all wrong fields at once", async () => {
    const cases: [string, number, unknown][] = [
      ["size=abc", 400, { size: ["A valid integer is required."] }],
      ["size=-1", 400, { size: ["Ensure this value is greater than or equal to 0."] }],
      ["size=100001", 400, { size: ["Ensure this value is less than or equal to 100000."] }],
      [
        "company=&size=x",
        400,
        { company: { 0: ["This field may not be blank."] }, size: ["A valid integer is required."] },
      ],
      ["sort=up", 400, { sort: ['"up" is not a valid choice.'] }],
      [
        "date_received_min=2025-02-30",
        400,
        { date_received_min: ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."] },
      ],
      ["search_after=&size=5&sort=created_date_asc", 400, { search_after: ["This field may not be blank."] }],
      ["size=10001&sort=created_date_asc", 424, { error: "There was an error calling OpenSearch" }],
      ["search_after=garbage&size=5&sort=created_date_asc", 424, { error: "There was an error calling OpenSearch" }],
      ["search_after=1_1&size=0", 424, { error: "There was an error calling OpenSearch" }],
    ];
    for (const [query, status, body] of cases) {
      const response = await get(query);
      assert.equal(response.status, status, query);
      assert.deepEqual(await response.json(), body, query);
    }
  });

  it("ignores what the source ignores", async () => {
    assert.equal((await get("size=0&no_such_parameter=1")).status, 200);
  });

  it("answers HTML with 200 on unknown paths and on a missing slash", async () => {
    for (const url of [server.url.slice(0, -1), `${server.url}trends`]) {
      const response = await fetch(url);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    }
  });

  it("moves on with its clock", async () => {
    const today = (await search({ size: "0" }))._meta;
    now = endOfDay("2026-11-10");
    const earlier = (await search({ size: "0" }))._meta;
    now = endOfDay(asOf);
    assert.equal(today.last_indexed, `${asOf}T12:00:00-05:00`);
    assert.equal(earlier.last_indexed, "2026-11-10T12:00:00-05:00");
    assert.ok(earlier.total_record_count < today.total_record_count);
  });
});
