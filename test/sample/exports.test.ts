import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { dayNumber, endOfDay } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { timedIndex } from "../../src/sample/index/live-index.ts";
import { type SampleServer, startSample } from "../../src/sample/server/server.ts";
import { temporaryFolder } from "../harness/context.ts";
import { truth } from "./truth.ts";

const asOf = "2026-11-20";

/** Records of a CSV: line breaks inside quotes do not end one. */
function records(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

describe("exports", () => {
  const rows = generateRows({ lastDay: dayNumber(asOf), scale: 0.4 });
  let now = endOfDay(asOf);
  let server: SampleServer;
  before(async () => {
    server = await startSample({ index: timedIndex(rows), now: () => now });
  });
  after(() => server.close());

  it("stream all rows of a search as CSV, with None for null", async () => {
    const from = "2026-10-01";
    const response = await fetch(`${server.url}?format=csv&date_received_min=${from}&size=1&frm=1`);
    assert.equal(response.headers.get("content-type"), "text/csv");
    assert.match(
      response.headers.get("content-disposition") ?? "",
      /^attachment; filename="complaints-2026-11-20_23_59\.csv"$/,
    );
    const text = await response.text();
    assert.ok(text.startsWith("Date received,Product,") && text.endsWith("\r\n"));
    const expected = truth(rows, asOf, { from });
    const got = records(text).slice(1);
    assert.equal(got.length, expected.length);
    const byId = new Map(got.map((row) => [row.at(-1), row]));
    for (const row of expected.slice(0, 300)) {
      const none = (value: string | null) => value ?? "None";
      assert.deepEqual(byId.get(row.complaint_id), [
        ...[row.date_received, row.product, row.sub_product, row.issue, row.sub_issue].map(none),
        ...[row.company_public_response, row.company, row.state, row.zip_code, row.tags, row.submitted_via].map(none),
        ...[row.date_sent_to_company, row.company_response, row.timely].map(none),
        row.complaint_id,
      ]);
    }
  });

  it("refuse more than 100,000 rows before the first byte, in one word", async () => {
    const response = await fetch(`${server.url}?format=csv`);
    assert.deepEqual([response.status, await response.text()], [400, "size"]);
  });

  it("are a snapshot even when the index moves meanwhile", async () => {
    const response = await fetch(`${server.url}?format=csv&date_received_min=2026-01-01`);
    now = endOfDay("2026-06-01");
    const got = records(await response.text()).length - 1;
    now = endOfDay(asOf);
    assert.equal(got, truth(rows, asOf, { from: "2026-01-01" }).length);
  });
});

describe("the bulk file", () => {
  const rows = generateRows({ lastDay: dayNumber(asOf), scale: 0.01 });
  let now = endOfDay(asOf);
  const servers: SampleServer[] = [];
  const start = async (bulkColumns: 15 | 16 | 18) => {
    const server = await startSample({ index: timedIndex(rows), now: () => now, bulkColumns });
    servers.push(server);
    return server.bulkUrl;
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  const unzipped = (bytes: ArrayBuffer) => {
    const file = join(temporaryFolder(), "complaints.csv.zip");
    writeFileSync(file, Buffer.from(bytes));
    const script = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read('complaints.csv'))";
    return execFileSync("python3", ["-c", script, file], { maxBuffer: 1e8 }).toString();
  };

  it("holds everything that the index shows, once, with days and empty nulls", async () => {
    for (const columns of [15, 16, 18] as const) {
      const response = await fetch(await start(columns));
      assert.equal(response.headers.get("content-type"), "application/zip");
      const text = unzipped(await response.arrayBuffer());
      assert.ok(!text.includes("\r"));
      const [header = [], ...got] = records(text);
      assert.equal(header.length, columns);
      assert.equal(header.includes("Consumer complaint narrative"), columns > 15);
      const expected = truth(rows, asOf);
      assert.deepEqual(
        got.map((row) => row.at(-1)).toSorted(),
        expected.map(({ complaint_id }) => complaint_id).toSorted(),
      );
      const ids = got.map((row) => row.at(-1));
      assert.notDeepEqual(ids.slice(0, 50), ids.slice(0, 50).toSorted(), "in no order");
      const one = expected.find(({ tags }) => tags === null)!;
      const row = got.find((cells) => cells.at(-1) === one.complaint_id)!;
      assert.equal(row.length, columns);
      assert.deepEqual(
        ["Date received", "Product", "Company", "Tags", "Date sent to company", "Timely response?"].map(
          (title) => row[header.indexOf(title)],
        ),
        [
          one.date_received.slice(0, 10),
          one.product,
          one.company,
          "",
          one.date_sent_to_company?.slice(0, 10) ?? "",
          one.timely,
        ],
      );
    }
  });

  it("answers conditions and ranges, and changes with the index", async () => {
    const url = await start(15);
    const whole = await fetch(url);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const etag = whole.headers.get("etag")!;
    const modified = whole.headers.get("last-modified")!;
    assert.equal(modified, "Fri, 20 Nov 2026 05:00:00 GMT");
    const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
    assert.equal(await status({ "if-none-match": etag }), 304);
    assert.equal(await status({ "if-modified-since": modified }), 304);
    assert.equal(await status({ "if-none-match": '"other"' }), 200);
    assert.equal(await status({ range: `bytes=${bytes.length}-` }), 416);
    const part = await fetch(url, { headers: { range: "bytes=100-199", "if-range": etag } });
    assert.deepEqual([part.status, part.headers.get("content-range")], [206, `bytes 100-199/${bytes.length}`]);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
    const end = await fetch(url, { headers: { range: "bytes=-10" } });
    assert.deepEqual(Buffer.from(await end.arrayBuffer()), bytes.subarray(-10));
    assert.equal((await fetch(url, { headers: { range: "bytes=100-199", "if-range": '"other"' } })).status, 200);
    const head = await fetch(url, { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), String(bytes.length));
    now = endOfDay("2026-11-19");
    const before = await fetch(url);
    assert.notEqual(before.headers.get("etag"), etag);
    assert.equal(before.headers.get("last-modified"), "Thu, 19 Nov 2026 05:00:00 GMT");
    now = endOfDay(asOf);
  });
});
