import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { checksum } from "../../src/files/checksum.ts";
import type { Scope } from "../../src/pipeline/scope/scope.ts";
import { proxyFor } from "../../src/process/proxy.ts";
import type { PipelineError } from "../../src/run/errors.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { ownBudgets } from "../../src/source/budget/own.ts";
import { HttpClient } from "../../src/source/client/http.ts";
import type { CfpbSource, SourceOptions } from "../../src/source/source.ts";
import { groupNames } from "../../src/source/urls.ts";
import { jumpingClock, temporaryFolder, testContext } from "../harness/context.ts";
import { bankOfAmerica, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { landingNamed, unlimited, withSource as withSourceOf } from "../harness/source.ts";
import { truth } from "../sample/truth.ts";

const window = { from: "2026-06-01", to: "2026-11-20" };
const scope: Scope = { id: "jpmorgan", company: "jpmorgan", names: [jpmorgan], window, strategy: "pages" };

describe("the CFPB source", () => {
  let sample: TestSource;
  let landing: string;
  before(async () => {
    sample = await startTestSource();
    landing = temporaryFolder();
  });
  beforeEach(() => {
    sample.intercept = undefined;
    sample.requests.length = 0;
  });
  after(() => sample.close());

  const withSource = <T>(change: Partial<SourceOptions>, use: (source: CfpbSource) => Promise<T>) =>
    withSourceOf(sample, { landing, ...change }, use);
  const extract = async (source: CfpbSource, context = testContext()) => {
    const files: string[] = [];
    const pages = source.strategies.pages.extract(scope, landingNamed("start 1"), context);
    for (let page = await pages.next(); ; page = await pages.next()) {
      if (page.done) return { files, ...page.value };
      files.push(page.value.path);
    }
  };
  const idsIn = (files: string[]) =>
    files.flatMap((file) =>
      (JSON.parse(readFileSync(file, "utf8")) as { hits: { hits: { _id: string }[] } }).hits.hits.map(({ _id }) => _id),
    );
  const expected = () =>
    truth(sample.rows, sample.asOf, { companies: [jpmorgan], ...window }).map(({ complaint_id }) => complaint_id);

  it("lands every row once, page by page, ties at the boundary included", async () => {
    await withSource({ pageSize: 7 }, async (source) => {
      const context = testContext();
      const { files, expected: total } = await extract(source, context);
      assert.equal(total, expected().length);
      assert.deepEqual(idsIn(files), expected());
      assert.equal(files.length, Math.ceil(total / 7));
      assert.equal(context.traffic.requests, files.length);
      assert.ok(context.traffic.bytes > total * 400);
    });
  });

  it("names the checksum of what it lands, also of a page that it had to write again", async () => {
    sample.intercept = () => ({
      kind: "answer",
      status: 200,
      body: '{"hits":{"total":{"value":1,"relation":"eq"},"hits":[{"_source":{"complaint_id":"1","issue":"\\ud800"},"sort":[1,"1"]}]}}',
    });
    await withSource({}, async (source) => {
      const { value } = await source.strategies.pages.extract(scope, landingNamed("repaired"), testContext()).next();
      assert.ok(value !== undefined && "path" in value);
      assert.match(readFileSync(value.path, "utf8"), /\\ufffd/);
      assert.deepEqual(await checksum(value.path), { bytes: value.bytes, sha256: value.sha256 });
      await source.strategies.pages.discard(landingNamed("repaired"));
    });
  });

  it("leaves nothing in the landing folder when it is told to discard", async () => {
    await withSource({}, async (source) => {
      await extract(source);
      await source.strategies.pages.discard(landingNamed("start 1"));
      assert.deepEqual(readdirSync(landing), []);
    });
  });

  it("asks for one page again where a request failed, and keeps the others", async () => {
    const failures: Fault[] = [
      { kind: "answer", status: 429, headers: { "retry-after": "7" }, body: "{}" },
      { kind: "answer", status: 503, body: "busy" },
      { kind: "answer", status: 424, body: '{"error":"There was an error calling OpenSearch"}' },
      { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" },
      { kind: "answer", status: 200, body: '{"took":1,"hits":{"tot' },
      {
        kind: "answer",
        status: 200,
        body: '{"timed_out":true,"_shards":{"failed":0},"hits":{"total":{"value":5,"relation":"eq"},"hits":[]}}',
      },
      {
        kind: "answer",
        status: 200,
        body: '{"timed_out":false,"_shards":{"failed":1},"hits":{"total":{"value":5,"relation":"eq"},"hits":[]}}',
      },
      { kind: "reset" },
      { kind: "cut", bytes: 100 },
    ];
    for (const failure of failures) {
      sample.requests.length = 0;
      sample.intercept = (_url, number) => (number === 3 ? failure : undefined);
      await withSource({}, async (source) => {
        const { files } = await extract(source);
        assert.deepEqual(idsIn(files), expected(), JSON.stringify(failure));
        assert.equal(sample.requests.length, files.length + 1, JSON.stringify(failure));
        assert.equal(String(sample.requests[3]), String(sample.requests[2]));
      });
    }
  });

  it("obeys Retry-After", async () => {
    const clock = jumpingClock();
    sample.intercept = (_url, number) =>
      number === 1 ? { kind: "answer", status: 429, headers: { "retry-after": "7" }, body: "{}" } : undefined;
    await withSource({ clock, budgets: ownBudgets(unlimited, clock) }, (source) => extract(source));
    assert.equal(clock.now(), 7000);
  });

  it("gives up a request that takes too long", async () => {
    sample.intercept = () => ({ kind: "hang" });
    const policy = { retries: 1, delayMs: 1, longestMs: 1 };
    await withSource({ requestTimeoutMs: 50, policy }, async (source) => {
      await assert.rejects(extract(source), { code: "source_timeout" });
    });
    assert.equal(sample.requests.length, 2);
  });

  it("does not ask again what was refused, and says what came", async () => {
    const cases: [status: number, code: string][] = [
      [400, "source_rejected"],
      [403, "source_refused"],
      [404, "source_not_found"],
    ];
    for (const [status, code] of cases) {
      sample.requests.length = 0;
      sample.intercept = () => ({
        kind: "answer",
        status,
        headers: { "content-type": "text/html" },
        body: "<h1>Access Denied</h1>",
      });
      await withSource({}, async (source) => {
        await assert.rejects(extract(source), (error: PipelineError) => {
          assert.equal(error.code, code);
          assert.match(error.message, new RegExp(`${status}, text/html: <h1>Access Denied`));
          return true;
        });
      });
      assert.equal(sample.requests.length, 1);
    }
  });

  it("stops at an envelope it does not know", async () => {
    for (const body of [
      "{}",
      '{"hits":{"hits":[]}}',
      '{"hits":7}',
      "[]",
      '{"hits":{"total":{"value":1,"relation":"gte"},"hits":[]}}',
    ]) {
      sample.intercept = () => ({ kind: "answer", status: 200, body });
      await withSource({}, async (source) => {
        await assert.rejects(extract(source), { code: "source_unexpected" }, body);
      });
    }
  });

  it("stops at hits without their parts, and says how the answer began", async () => {
    const page = (hit: object) => JSON.stringify({ hits: { total: { value: 1, relation: "eq" }, hits: [hit] } });
    const _source = { complaint_id: "1" };
    for (const hit of [{ sort: [1, "1"] }, { _source }, { _source, sort: [] }, { _source, sort: ["x", "1"] }]) {
      sample.intercept = () => ({ kind: "answer", status: 200, body: page(hit) });
      await withSource({}, async (source) => {
        await assert.rejects(extract(source), {
          code: "source_unexpected",
          message: /status 200\).*a hit has no `_source` or no `sort`.*Asked: http.*It begins: \{"hits":\{"total"/,
        });
      });
    }
  });

  it("stops at pages whose hits do not follow each other", async () => {
    const hits = (...pairs: [number, string][]) =>
      pairs.map(([ms, id]) => ({ _source: { complaint_id: id }, sort: [ms, id] }));
    const page = (rows: unknown[]) => ({
      kind: "answer" as const,
      status: 200,
      body: JSON.stringify({ hits: { total: { value: 9, relation: "eq" }, hits: rows } }),
    });
    const within = [hits([2, "1"], [1, "1"]), hits([1, "9"], [1, "10"]), hits([1, "1"], [1, "1"])];
    for (const rows of within) {
      sample.intercept = () => page(rows);
      await withSource({}, (source) =>
        assert.rejects(extract(source), { code: "source_paging", message: /a page's hits/ }),
      );
    }
    for (const second of [hits([1, "1"]), hits([2, "1"]), hits([2, "10"])]) {
      sample.intercept = (_url, number) => page(number === 1 ? hits([1, "1"], [2, "2"]) : second);
      sample.requests.length = 0;
      await withSource({}, (source) =>
        assert.rejects(extract(source), { code: "source_paging", message: /goes back to/ }),
      );
    }
  });

  it("notices that the index moved between pages", async () => {
    sample.intercept = (_url, number) => {
      if (number === 2) sample.asOf = "2026-11-10";
      return undefined;
    };
    await withSource({}, (source) => assert.rejects(extract(source), { code: "index_moved" }));
    sample.asOf = "2026-11-20";
  });

  it("stops in the middle of a wait when it is cancelled", async () => {
    const controller = new AbortController();
    sample.intercept = () => {
      controller.abort(new Error("cancelled"));
      return { kind: "hang" };
    };
    await withSource({}, (source) => assert.rejects(extract(source, testContext(controller.signal)), /cancelled/));
  });

  it("tells of a body that failed before it was read when it is read", { timeout: 10_000 }, async () => {
    sample.intercept = () => ({ kind: "gzip-rubbish" });
    const client = new HttpClient("test", { authorization: null, query: "" }, null);
    try {
      const { body } = await client.ask(
        { method: "GET", url: `${sample.url}?size=0`, headers: {} },
        new AbortController().signal,
      );
      while (body.errored === null) await setImmediate();
      await assert.rejects(text(body), /incorrect header check/);
    } finally {
      await client.close();
    }
  });

  it("asks through a proxy, and names it where that fails", async (t) => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      // An http address is asked of a proxy as it is, without a tunnel.
      asked.push(request.url!);
      const { pathname, search } = new URL(request.url!);
      const { origin, host } = new URL(sample.url);
      get(`${origin}${pathname}${search}`, { headers: { ...request.headers, host } }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    t.after(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const base = sample.url.replace(new URL(sample.url).host, "source.example");
    const through = proxyFor(base, { HTTP_PROXY: `me:hunter2@127.0.0.1:${port}` });
    await withSource({ base, proxy: through }, async (source) => {
      const found = await source.findNames(["jpmorgan"], testContext());
      assert.equal(found.candidates[0]?.matches[0]?.name, jpmorgan);
    });
    assert.match(asked[0]!, /^http:\/\/source\.example\//);
    proxy.close();
    proxy.closeAllConnections();
    await withSource({ base, proxy: through, policy: { retries: 0, delayMs: 0, longestMs: 0 } }, (source) =>
      assert.rejects(source.findNames(["jpmorgan"], testContext()), {
        code: "source_unreachable",
        message: new RegExp(
          `^The source could not be reached through the proxy http://127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\)`,
        ),
        next: /HTTPS_PROXY/,
      }),
    );
  });

  it("finds the names of all texts with one question", async () => {
    await withSource({}, async (source) => {
      const texts = ["jpmorgan", "bank of america", "jp morgan"];
      const { candidates: found, index } = await source.findNames(texts, testContext());
      assert.match(index.lastIndexed!, /^2026-11-20T12:00:00/);
      assert.deepEqual(
        found.map(({ company, matches }) => [company, matches.map(({ name }) => name)]),
        [
          ["jpmorgan", [jpmorgan]],
          ["bank of america", [bankOfAmerica]],
          ["jp morgan", []],
        ],
      );
      assert.equal(found[2]?.suggestions[0]?.name, jpmorgan);
      assert.equal(sample.requests.length, 1);
    });
  });

  it("asks once more for each text where the list of names is capped", async () => {
    sample.intercept = async (url) => {
      if (url.searchParams.has("search_term")) return undefined;
      const buckets = [{ key: "SOMEBODY ELSE", doc_count: 1 }];
      const company = { doc_count: 9, company: { sum_other_doc_count: 8, buckets } };
      return { kind: "answer", status: 200, body: JSON.stringify({ aggregations: { company } }) };
    };
    await withSource({}, async (source) => {
      const texts = ["jpmorgan", "somebody else"];
      const { candidates: found, index } = await source.findNames(texts, testContext());
      assert.equal(index.lastIndexed, null, "this answer does not say");
      assert.deepEqual(
        found[0]?.matches.map(({ name }) => name),
        [jpmorgan],
      );
      assert.deepEqual(
        found[1]?.matches.map(({ name }) => name),
        ["SOMEBODY ELSE"],
      );
      assert.equal(sample.requests.length, 2);
    });
  });

  it("splits names over walks that fit into a request line", () => {
    const names = Array.from({ length: 200 }, (_, i) => `COMPANY NUMBER ${i} & SONS, INC.`);
    const walks = groupNames(names);
    assert.deepEqual(walks.flat(), names);
    assert.ok(walks.length > 1);
    for (const walk of walks) {
      assert.ok(
        new URLSearchParams(walk.map((name) => ["company", name] as [string, string])).toString().length <= 3600,
      );
    }
  });
});
