import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { readDays } from "../../src/source/bulk/read-days.ts";
import { removeOldLanded } from "../../src/source/landing.ts";
import type { CfpbSource } from "../../src/source/source.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { withSource } from "../harness/source.ts";
import { zipOf } from "../harness/zip.ts";

describe("the file of everything", () => {
  let sample: TestSource;
  before(async () => {
    sample = await startTestSource();
  });
  beforeEach(() => {
    sample.intercept = undefined;
    sample.asOf = "2026-11-20";
    sample.requests.length = 0;
  });
  after(() => sample.close());

  const use = <T>(work: (bulk: NonNullable<CfpbSource["bulk"]>) => Promise<T>, landing = temporaryFolder()) =>
    withSource(sample, { landing }, (source) => work(source.bulk!));

  it("is fetched once as long as the source has the same one, by its tag", async () => {
    const landing = temporaryFolder();
    const first = await use((bulk) => bulk.fetch(testContext()), landing);
    assert.ok(first.rows > 500 && first.bytes > 10_000);
    assert.deepEqual([first.day, first.newest], ["2026-11-20", "2026-11-19"]);
    assert.equal(sample.requests.length, 2);
    const context = testContext();
    assert.deepEqual(await use((bulk) => bulk.fetch(context), landing), {
      ...first,
      etag: (await use((bulk) => bulk.look(testContext()))).etag,
    });
    assert.deepEqual([context.traffic.requests, context.traffic.bytes], [1, 0]);
    sample.asOf = "2026-11-21";
    const next = await use((bulk) => bulk.fetch(testContext()), landing);
    assert.equal(next.day, "2026-11-21");
  });

  it("goes on where its download was cut, by a range, unless it is another one by then", async () => {
    for (const isReplaced of [false, true]) {
      sample.asOf = "2026-11-20";
      const landing = temporaryFolder();
      sample.intercept = (_, number) => (number >= 2 ? { kind: "hang", bytes: 5000 } : undefined);
      sample.requests.length = 0;
      const slow = { landing, requestTimeoutMs: 200 };
      await withSource(sample, slow, (source) =>
        assert.rejects(source.bulk!.fetch(testContext()), { code: "source_timeout" }),
      );
      const part = join(landing, "bulk", "complaints.csv.zip.part");
      const { size } = statSync(part);
      assert.equal(size, 4 * 5000, "each attempt went on");
      sample.intercept = undefined;
      if (isReplaced) sample.asOf = "2026-11-21";
      const context = testContext();
      const facts = await use((bulk) => bulk.fetch(context), landing);
      assert.equal(context.traffic.bytes, isReplaced ? facts.bytes : facts.bytes - size);
      assert.equal(facts.day, sample.asOf);
      assert.deepEqual(readdirSync(dirname(part)).sort(), ["complaints.csv.zip", "complaints.csv.zip.json"]);
    }
  });

  it("is kept for a day, and what was begun of it", async () => {
    const landing = temporaryFolder();
    await use((bulk) => bulk.fetch(testContext()), landing);
    await removeOldLanded(landing);
    const folder = join(landing, "bulk");
    assert.ok(existsSync(folder));
    const old = Date.now() / 1000 - 25 * 3600;
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), old, old);
    await removeOldLanded(landing);
    assert.ok(!existsSync(folder));
  });

  it("is fetched anew where the file here is not as it was", async () => {
    const landing = temporaryFolder();
    const first = await use((bulk) => bulk.fetch(testContext()), landing);
    writeFileSync(join(landing, "bulk", "complaints.csv.zip"), "short");
    const context = testContext();
    await use((bulk) => bulk.fetch(context), landing);
    assert.equal(context.traffic.bytes, first.bytes);
  });

  describe("of another server", () => {
    let answer: (request: IncomingMessage, response: ServerResponse) => void;
    let url: string;
    const server = createServer((request, response) => answer(request, response));
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.zip`;
    });
    after(() => server.close());

    const fetchIt = (address = url) =>
      withSource(
        sample,
        { bulkFile: { url: address, proxy: null }, policy: { retries: 1, delayMs: 1, longestMs: 1 } },
        (source) => source.bulk!.fetch(testContext()),
      );
    const headers = { "content-type": "binary/octet-stream", "last-modified": "Fri, 20 Nov 2026 06:00:00 GMT" };
    const csv = 'Date received,Complaint ID\n2026-11-18,1\n"2026-11-19",2\n2026-11-17,"3\n"\n';

    it("may have no tag, and gets its own credentials alone", async () => {
      const body = await zipOf({ "complaints.csv": csv });
      const asked: unknown[] = [];
      answer = ({ method, url: path, headers: { authorization } }, response) => {
        asked.push([method, path, authorization]);
        response
          .writeHead(200, { ...headers, "content-length": body.length })
          .end(method === "HEAD" ? undefined : body);
      };
      const address = new URL(`${url}?key=secret`);
      Object.assign(address, { username: "me", password: "pass" });
      const { rows, newest } = await fetchIt(address.href);
      assert.deepEqual([rows, newest], [3, "2026-11-18"]);
      const authorization = `Basic ${Buffer.from("me:pass").toString("base64")}`;
      assert.deepEqual(asked, [
        ["HEAD", "/all.zip?key=secret", authorization],
        ["GET", "/all.zip?key=secret", authorization],
      ]);
    });

    it("is refused where it is damaged, whatever its tag says", async () => {
      const whole = await zipOf({ "complaints.csv": csv.repeat(200) });
      const damaged = Buffer.from(whole);
      damaged[whole.length >> 1]! ^= 0xff;
      answer = ({ method }, response) => {
        const body = method === "HEAD" ? undefined : damaged;
        response.writeHead(200, { ...headers, etag: '"a"', "content-length": damaged.length }).end(body);
      };
      await assert.rejects(fetchIt(), { code: "source_cut", message: /file of everything is damaged/ });
    });

    it("is refused where it is no such file", async () => {
      const body = await zipOf({ "complaints.csv": "Name\nx\n" });
      answer = ({ method }, response) =>
        void response
          .writeHead(200, { ...headers, "content-length": body.length })
          .end(method === "HEAD" ? undefined : body);
      await assert.rejects(fetchIt(), { message: /first column is not "Date received"/ });
      answer = (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      await assert.rejects(fetchIt(), { code: "source_html" });
      answer = (_, response) =>
        void response.writeHead(200, { "content-type": "application/zip", "content-length": 1 }).end("x");
      await assert.rejects(fetchIt(), { code: "source_unexpected", message: /does not say when its file was made/ });
    });
  });

  it("has a newest day and so many rows, wherever chunks end", async () => {
    const text =
      'Date received,Issue\n2026-01-02,"a\n2027-01-01"\n2026-11-19,b\nnever,c\n2026-03-01,"""\n"\n2026-11-20,d';
    for (let size = 1; size < text.length; size++) {
      const bytes = Buffer.from(text);
      async function* chunks() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      assert.deepEqual(await readDays(chunks()), { rows: 5, newest: "2026-11-20" }, `chunks of ${size}`);
    }
  });
});
