import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Fault, type FaultRule, faultKinds } from "../../src/sample/server/faults.ts";
import type { SampleServer } from "../../src/sample/server/server.ts";
import { startStandalone } from "../../src/sample/server/standalone.ts";

const asOf = "2026-11-20";
const query = "size=10&no_aggs=true&sort=created_date_asc&company=JPMORGAN%20CHASE%20%26%20CO.";

type Body = {
  timed_out: boolean;
  _shards: { failed: number };
  hits: { total: { value: number }; hits: { _source: Record<string, unknown> }[] };
  _meta: { is_data_stale: boolean; has_data_issue: boolean; last_indexed: string };
};

describe("faults", () => {
  let server: SampleServer;
  let control: string;
  let plain: Body;
  before(async () => {
    server = await startStandalone({ asOf, scale: 0.01, control: true });
    control = new URL("/_control", server.url).href;
    plain = (await (await fetch(`${server.url}?${query}`)).json()) as Body;
  });
  beforeEach(() => command({ faults: [], asOf }));
  after(() => server.close());

  const command = async (body: object) => {
    const response = await fetch(control, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const aim = (...rules: FaultRule[]) => command({ faults: rules });
  const ask = (more = "") => fetch(`${server.url}?${query}${more}`, { signal: AbortSignal.timeout(400) });
  const spoiled = async (fault: Fault) => {
    await aim({ fault });
    return (await (await ask()).json()) as Body;
  };

  it("replace the answer", async () => {
    const cases: [Fault, number, RegExp, string | null][] = [
      [{ kind: "throttled", retryAfter: 7 }, 429, /"detail":"Request was throttled/, "7"],
      [{ kind: "throttled" }, 429, /throttled/, null],
      [{ kind: "answer", status: 424, body: '{"error":"x"}' }, 424, /x/, null],
      [{ kind: "answer", status: 500 }, 500, /^$/, null],
      [{ kind: "html", status: 502 }, 502, /<html>/, null],
      [{ kind: "html", status: 403 }, 403, /<html>/, null],
      [{ kind: "html", status: 200 }, 200, /<html>/, null],
    ];
    for (const [fault, status, body, retryAfter] of cases) {
      await aim({ fault });
      const response = await ask();
      assert.deepEqual([response.status, response.headers.get("retry-after")], [status, retryAfter]);
      assert.match(await response.text(), body);
    }
  });

  it("break the connection or the body", async () => {
    const broken: Fault[] = [
      { kind: "cut", bytes: 100 },
      { kind: "reset" },
      { kind: "reset", bytes: 100 },
      { kind: "hang" },
      { kind: "hang", bytes: 100 },
      { kind: "gzip-rubbish" },
      { kind: "drip", bytes: 1, everyMs: 50 },
    ];
    for (const fault of broken) {
      await aim({ fault });
      await assert.rejects(async () => (await ask()).text(), Error, JSON.stringify(fault));
    }
    await aim({ fault: { kind: "cut", bytes: 100, chunked: true } });
    assert.equal((await (await ask()).text()).length, 100, "complete, as far as HTTP can tell");
    await aim({ fault: { kind: "drip", bytes: 1_000_000, everyMs: 1 } });
    assert.deepEqual(await (await ask()).json(), plain);
    await aim({ fault: { kind: "latency", ms: 20 } });
    assert.deepEqual(await (await ask()).json(), plain);
  });

  it("change what the answer says", async () => {
    const total = plain.hits.total.value;
    const timedOut = await spoiled({ kind: "partial", sign: "timed_out" });
    assert.deepEqual([timedOut.timed_out, timedOut.hits.hits.length, timedOut.hits.total.value], [true, 5, total]);
    assert.equal((await spoiled({ kind: "partial", sign: "shards" }))._shards.failed, 1);
    assert.equal((await spoiled({ kind: "total", add: 3 })).hits.total.value, total + 3);
    assert.equal((await spoiled({ kind: "total", factor: 0.5 })).hits.total.value, Math.floor(total / 2));
    assert.ok((await spoiled({ kind: "ignore-company" })).hits.total.value > total);
    const some = await spoiled({ kind: "field", change: "missing", key: "state", every: 2 });
    assert.deepEqual(some.hits.hits.map(({ _source }) => "state" in _source).slice(0, 3), [false, true, false]);
    const renamed = (await spoiled({ kind: "field", change: "renamed", key: "state" })).hits.hits[0]!._source;
    assert.deepEqual([renamed.state, renamed.state_new], [undefined, plain.hits.hits[0]!._source.state]);
    const retyped = (await spoiled({ kind: "field", change: "retyped", key: "state" })).hits.hits[0]!._source;
    assert.deepEqual(retyped.state, { value: plain.hits.hits[0]!._source.state });
    const added = (await spoiled({ kind: "field", change: "added", key: "mood" })).hits.hits[0]!._source;
    assert.equal(added.mood, "new");
    const flagged = (await spoiled({ kind: "meta", stale: true, issue: true }))._meta;
    assert.deepEqual([flagged.is_data_stale, flagged.has_data_issue], [true, true]);
    const swapped = await spoiled({ kind: "swap", asOf: "2026-11-10" });
    assert.equal(swapped._meta.last_indexed, "2026-11-10T12:00:00-05:00");
  });

  it("are aimed at the Nth request, at a company, at a path, once or always", async () => {
    const fault: Fault = { kind: "answer", status: 500 };
    const statuses = async (count: number, more = "") => {
      const seen: number[] = [];
      for (let i = 0; i < count; i++) seen.push((await ask(more)).status);
      return seen;
    };
    await aim({ fault, nth: 2, times: 1 });
    assert.deepEqual(await statuses(4), [200, 500, 200, 200]);
    await aim({ fault, nth: 3 });
    assert.deepEqual(await statuses(4), [200, 200, 500, 500]);
    await aim({ fault, company: "EQUIFAX, INC." });
    assert.deepEqual(await statuses(1), [200]);
    assert.deepEqual(await statuses(1, "&company=EQUIFAX%2C%20INC."), [500]);
    await aim({ fault, path: "search_after" });
    assert.deepEqual(await statuses(1), [200]);
    assert.deepEqual(await statuses(1, "&search_after=1_1"), [500]);
  });

  it("strike the bulk file too", async () => {
    await aim({ fault: { kind: "cut", bytes: 10 }, path: "/ccdb/" });
    await assert.rejects(async () => (await fetch(server.bulkUrl)).arrayBuffer());
    assert.equal((await ask()).status, 200);
  });

  it("are refused by the control endpoint when they are none", async () => {
    for (const wrong of [
      { faults: [{ fault: { kind: "nonsense" } }] },
      { asOf: "soon" },
      { nonsense: 1 },
      { change: {} },
    ]) {
      assert.equal((await command(wrong)).status, 400, JSON.stringify(wrong));
    }
    assert.equal((await fetch(control, { method: "POST", body: "{" })).status, 400);
    const { requests } = (await (await fetch(control)).json()) as { requests: string[] };
    assert.ok(requests.at(-1)?.startsWith("GET /data-research/"));
    assert.equal(new Set(faultKinds).size, 15);
  });
});

describe("without a control endpoint", () => {
  it("there is only the website's page", async () => {
    const server = await startStandalone({ asOf, scale: 0.001 });
    const response = await fetch(new URL("/_control", server.url));
    assert.match(await response.text(), /<!DOCTYPE html>/);
    await server.close();
  });
});
