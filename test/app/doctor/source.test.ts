import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { findingsOf } from "../../../src/app/doctor/finding.ts";
import { checkSourceContract } from "../../../src/app/doctor/outside.ts";
import { wireDoctor } from "../../../src/app/wiring/doctor.ts";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { jpmorgan, startTestSource, type TestSource } from "../../harness/sample.ts";

const never = new AbortController().signal;
const contractOf = (config: Config) =>
  checkSourceContract(config.source, () => wireDoctor(config, assert.fail).source(never));

describe("the contract check of the source", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());
  afterEach(() => {
    source.intercept = undefined;
    source.requests.length = 0;
  });

  const look = async () => {
    const { config } = loadConfig(
      { source: source.url, home: temporaryFolder(), asOf: source.asOf },
      undefined,
      "2099-01-01",
    );
    const quick = { ...config, rates: { searches: 1e6, exports: 1e6, documents: 1e6 } };
    const findings = await findingsOf("source", () => contractOf(quick));
    return findings
      .filter(({ check }) => check !== "clock")
      .map(({ check, state, what }) => `${state} ${check}: ${what}`);
  };
  const odd = async () => (await look()).filter((line) => !line.startsWith("ok"));
  const isPage = (url: URL) => url.searchParams.has("company");
  /** The true answer with a change, as the source might give one day. */
  const changed = async (url: URL, change: (body: string) => string) => {
    const intercept = source.intercept;
    source.intercept = undefined;
    const body = await (await fetch(`${source.url}${url.search}`)).text();
    source.intercept = intercept;
    return {
      kind: "answer" as const,
      status: 200,
      headers: { "content-type": "application/json" },
      body: change(body),
    };
  };

  it("sees values of another kind", async () => {
    source.intercept = async (url) =>
      isPage(url)
        ? changed(url, (body) =>
            body.replaceAll('"timely":"Yes"', '"timely":true').replaceAll('"timely":"No"', '"timely":false'),
          )
        : undefined;
    assert.match(
      (await odd()).join("\n"),
      /failure source: fields: `timely` has a value of an unknown kind in 3 of 3 rows: every load stops/,
    );
  });

  it("sees in four requests that all is as it was", async () => {
    assert.deepEqual(await look(), [
      "ok source: answers: JSON, 2 companies",
      "ok source: fields: 15 fields, all known",
      `ok source: company filter: all rows of ${jpmorgan} are its own`,
      "ok source: paging: search_after goes on behind the last hit",
      "ok source: totals: hits.total is exact, and the same on two pages",
      "ok source: dates: both ends of a window belong to it",
    ]);
    assert.equal(source.requests.length, 4);
  });

  it("names fields that are new or gone, and what a load does with them", async () => {
    source.intercept = (url) => (isPage(url) ? { kind: "field", change: "added", key: "severity" } : undefined);
    assert.deepEqual(await odd(), ["warning source: fields: new: severity; loads keep them in _extra"]);
    source.intercept = (url) => (isPage(url) ? { kind: "field", change: "missing", key: "tags" } : undefined);
    assert.deepEqual(await odd(), ["warning source: fields: gone: tags; loads keep what is stored of them"]);
    source.intercept = (url) => (isPage(url) ? { kind: "field", change: "missing", key: "complaint_id" } : undefined);
    assert.deepEqual(await odd(), [
      "failure source: fields: rows have no complaint_id: they are rejected, and every load stops",
    ]);
  });

  it("sees filters that do nothing", async () => {
    source.intercept = (url) => (isPage(url) ? { kind: "ignore-company" } : undefined);
    assert.match((await odd()).join(), /failure source: company filter: rows of BANK OF AMERICA, .* came for JPMORGAN/);
    source.intercept = async (url) =>
      isPage(url)
        ? changed(url, (body) => body.replaceAll(/"date_received":"20\d\d/g, '"date_received":"1999'))
        : undefined;
    assert.match((await odd()).join(), /failure source: dates: a row of 1999-.* came for 2024-01-01 to 2026-11-20/);
  });

  it("sees windows that lose their days, totals that are estimates, and paging that stands still", async () => {
    source.intercept = async (url, number) =>
      number === 4
        ? { ...(await changed(url, () => '{"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}')) }
        : undefined;
    assert.match((await odd()).join(), /failure source: dates: a window of one day \(.*\) has no row/);
    source.requests.length = 0;
    source.intercept = async (url) =>
      isPage(url) && !url.searchParams.has("search_after")
        ? changed(url, (body) => body.replace('"relation":"eq"', '"relation":"gte"'))
        : undefined;
    assert.match((await odd()).join(), /failure source: totals: hits.total is not exact any more/);
    source.requests.length = 0;
    source.intercept = async (url, number) => {
      if (number !== 3) return undefined;
      url.searchParams.delete("search_after");
      return changed(url, (body) => body);
    };
    assert.match((await odd()).join(), /failure source: paging: search_after does not go on/);
    source.requests.length = 0;
    source.intercept = (_, number) => (number === 3 ? { kind: "total", add: 1 } : undefined);
    assert.match((await odd()).join(), /warning source: totals: hits.total moved between two pages/);
  });

  it("sees another form, a web page, and a source that is away", async () => {
    source.intercept = () => ({
      kind: "answer",
      status: 200,
      headers: { "content-type": "application/json" },
      body: '{"ok":1}',
    });
    assert.match((await odd()).join(), /failure source: answers: the list of companies has another form/);
    source.intercept = (url) =>
      isPage(url)
        ? { kind: "answer", status: 200, headers: { "content-type": "application/json" }, body: "[]" }
        : undefined;
    assert.match((await odd()).join(), /failure source: answers: a page has another form/);
    source.intercept = () => ({ kind: "html", status: 200 });
    assert.match((await odd()).join(), /^failure source: /);
    source.intercept = () => ({ kind: "reset" });
    assert.match((await odd()).join(), /^failure source: /);
    source.requests.length = 0;
    await odd();
    assert.equal(source.requests.length, 1, "no request is repeated");
  });

  it("says how far this machine's clock is away", async () => {
    const { config } = loadConfig(
      { source: source.url, home: temporaryFolder(), asOf: source.asOf },
      undefined,
      "2099-01-01",
    );
    for (const [seconds, state] of [
      [0, "ok"],
      [300, "warning"],
      [-86_400, "failure"],
    ] as const) {
      source.intercept = async (url, number) => {
        if (number !== 1) return undefined;
        const answer = await changed(url, (body) => body);
        const date = new Date(Date.now() - seconds * 1000).toUTCString();
        return { ...answer, headers: { ...answer.headers, date } };
      };
      source.requests.length = 0;
      const [clock] = await contractOf({ ...config, rates: { ...config.rates, searches: 1e6 } });
      assert.deepEqual([clock?.check, clock?.state], ["clock", state]);
    }
  });
});
