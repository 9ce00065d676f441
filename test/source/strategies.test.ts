import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Scope } from "../../src/pipeline/scope/scope.ts";
import { type StrategyName, strategyNames } from "../../src/pipeline/scope/strategy.ts";
import { daysBetween } from "../../src/pipeline/window/days.ts";
import { testContext } from "../harness/context.ts";
import { bankOfAmerica, isPageOf, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { landingNamed, withSource } from "../harness/source.ts";
import { testWarehouse } from "../harness/warehouse.ts";
import { strategySuite } from "./strategy-suite.ts";

for (const name of strategyNames) strategySuite(name);

const window = { from: "2026-06-01", to: "2026-11-20" };
const scopeOf = (strategy: StrategyName): Scope => ({
  ...{ id: "banks", company: "banks", names: [jpmorgan, bankOfAmerica], window, strategy },
});

describe("two strategies", () => {
  let sample: TestSource;
  before(async () => {
    sample = await startTestSource();
  });
  after(() => sample.close());

  for (const first of strategyNames) {
    for (const second of strategyNames.filter((name) => name !== first)) {
      it(`load the same rows: what ${first} brought, ${second} leaves as it is`, async () => {
        const { warehouse } = testWarehouse();
        await withSource(sample, {}, async (source) => {
          const load = (strategy: StrategyName) => {
            const files = source.strategies[strategy].extract(scopeOf(strategy), landingNamed(strategy), testContext());
            const request = {
              scope: scopeOf(strategy),
              window,
              runId: strategy,
              source: "live",
              withdrawals: "usual" as const,
            };
            return warehouse.load(request, files, testContext());
          };
          const { inserted, rejected } = await load(first);
          assert.ok(inserted > 100 && rejected === 0);
          const again = await load(second);
          assert.deepEqual(
            [again.inserted, again.updated, again.deleted, again.rejected, again.unchanged],
            [0, 0, 0, 0, inserted],
          );
          assert.deepEqual(again.fields.unknown, []);
        });
        await warehouse.close();
      });
    }
  }
});

describe("pages", () => {
  it("are gone on with where an earlier start was ended between two of them, and its late answers change nothing", async () => {
    const sample = await startTestSource();
    await withSource(sample, { pageSize: 40 }, async (source) => {
      const { pages } = source.strategies;
      const first = pages.extract(scopeOf("pages"), landingNamed("start 1", "s"), testContext());
      for (let number = 1; number <= 3; number++) await first.next();
      sample.requests.length = 0;
      const context = testContext();
      const second = pages.extract(scopeOf("pages"), landingNamed("start 2", "s"), context);
      await second.next();
      await assert.rejects(first.next(), { code: "landing_failed" });
      await pages.discard(landingNamed("start 1", "s"));
      let rows = 40;
      for (let next = await second.next(); ; next = await second.next()) {
        if (next.done) {
          assert.equal(rows, next.value.expected);
          break;
        }
        assert.ok(existsSync(next.value.path));
        rows += next.value.rows!;
      }
      const [count, ...asked] = context.events.filter(({ type }) => type === "source.request");
      assert.ok(count !== undefined);
      assert.equal(asked.length, Math.ceil(rows / 40) - 3);
    });
    await sample.close();
  });
});

describe("pages of names that do not fit into one request", () => {
  const many = Array.from({ length: 33 }, (_, i) => `${"X".repeat(100)} ${i}`);
  const scope = { ...scopeOf("pages"), names: [jpmorgan, ...many, bankOfAmerica] };
  const changes: [what: string, change: (sample: TestSource) => void][] = [
    [
      "the total of the second group is another one",
      (sample) => {
        sample.intercept = (url) =>
          isPageOf(url, bankOfAmerica) && !isPageOf(url, jpmorgan) ? { kind: "total", add: 1 } : undefined;
      },
    ],
    ["the index is another one", (sample) => Object.assign(sample, { asOf: "2026-11-19" })],
  ];
  for (const [what, change] of changes) {
    it(`are all read again where ${what}: none is given that is gone`, async () => {
      const sample = await startTestSource();
      await withSource(sample, { pageSize: 40 }, async ({ strategies: { pages } }) => {
        const first = pages.extract(scope, landingNamed("start 1", "s"), testContext());
        while (!(await first.next()).done);
        change(sample);
        const second = pages.extract(scope, landingNamed("start 2", "s"), testContext());
        let files = 0;
        for (let next = await second.next(); !next.done; next = await second.next()) {
          assert.ok(existsSync(next.value.path));
          files++;
        }
        assert.ok(files > 2);
      });
      await sample.close();
    });
  }
});

describe("an export", () => {
  let sample: TestSource;
  before(async () => {
    sample = await startTestSource();
  });
  beforeEach(() => {
    sample.intercept = undefined;
    sample.requests.length = 0;
  });
  after(() => sample.close());
  const isExport = (url: URL) => url.searchParams.get("format") === "csv";
  const extract = () =>
    withSource(sample, {}, (source) =>
      source.strategies.export.extract(scopeOf("export"), landingNamed("a"), testContext()).next(),
    );

  it("that ends early, but cleanly, is asked for again: only the count shows it", async () => {
    let exports = 0;
    sample.intercept = async (url) => {
      if (!isExport(url) || ++exports > 1) return undefined;
      const whole = await (await fetch(`${sample.url}${url.search}`)).text();
      return {
        kind: "answer",
        status: 200,
        headers: { "content-type": "text/csv" },
        body: `${whole.split("\r\n").slice(0, 3).join("\r\n")}\r\n`,
      };
    };
    const { value } = await extract();
    assert.ok(value !== undefined && "rows" in value && value.rows! > 100);
    assert.equal(exports, 3, "cut, as the test asked itself, and whole");
  });

  /** Says of several days, or of each, that they have more rows than an export may have. */
  const tooMany = (of: "several days" | "each day") => (url: URL) => {
    const [from, to] = ["min", "max"].map((end) => url.searchParams.get(`date_received_${end}`)!);
    if (of === "several days" && daysBetween(from!, to!) < 60) return undefined;
    assert.ok(!isExport(url));
    const body = JSON.stringify({ hits: { total: { value: 100_001, relation: "eq" }, hits: [] } });
    return { kind: "answer", status: 200, body } as const;
  };

  it("that would have more rows than the source gives is asked for in parts", async () => {
    sample.intercept = tooMany("several days");
    const rowsBy = (name: StrategyName) =>
      withSource(sample, {}, async (source) => {
        const files = source.strategies[name].extract(scopeOf(name), landingNamed(name), testContext());
        let rows = 0;
        for (let next = await files.next(); !next.done; next = await files.next()) rows += next.value.rows!;
        return rows;
      });
    const exported = await rowsBy("export");
    assert.ok(sample.requests.filter(isExport).length > 1);
    sample.intercept = undefined;
    assert.equal(exported, await rowsBy("pages"));
  });

  it("that would have them of one day is not asked for", async () => {
    sample.intercept = tooMany("each day");
    await assert.rejects(extract(), {
      code: "source_rejected",
      message: /100,000 rows at once, and 20\d\d-\d\d-\d\d has 100,001/,
    });
  });

  it("whose error is a word of CSV says so", async () => {
    sample.intercept = (url) =>
      isExport(url)
        ? { kind: "answer", status: 400, headers: { "content-type": "text/csv; charset=utf-8" }, body: "size" }
        : undefined;
    await assert.rejects(extract(), { code: "source_rejected", message: /400, text\/csv; charset=utf-8: size/ });
  });

  it("without ids is no export", async () => {
    sample.intercept = (url) =>
      isExport(url)
        ? { kind: "answer", status: 200, headers: { "content-type": "text/csv" }, body: "a,b\r\n1,2\r\n" }
        : undefined;
    await assert.rejects(extract(), { code: "source_unexpected", message: /no column `Complaint ID`/ });
  });
});
