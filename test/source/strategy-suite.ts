import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import type { LandedFile } from "../../src/pipeline/flow/values.ts";
import type { Scope } from "../../src/pipeline/scope/scope.ts";
import { type Cost, rateClasses, type StrategyName } from "../../src/pipeline/scope/strategy.ts";
import type { LandedFiles, Strategy, TaskContext } from "../../src/pipeline/steps/ports.ts";
import { addDays, daysBetween } from "../../src/pipeline/window/days.ts";
import { factsOf } from "../../src/run/errors.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { ownBudgets } from "../../src/source/budget/own.ts";
import type { CfpbSource } from "../../src/source/source.ts";
import { jumpingClock, testContext } from "../harness/context.ts";
import { bankOfAmerica, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { landingNamed, unlimited, withSource } from "../harness/source.ts";
import { testWarehouse } from "../harness/warehouse.ts";
import { truth } from "../sample/truth.ts";

const window = { from: "2026-06-01", to: "2026-11-20" };

/** Epoch seconds of a moment over a day ago. */
const yesterday = () => Date.now() / 1000 - 25 * 3600;

/** Requests of all classes. */
const allOf = ({ requests }: Cost) => rateClasses.reduce((sum, rateClass) => sum + requests[rateClass], 0);

async function filesOf(files: LandedFiles) {
  const landed: LandedFile[] = [];
  for (let next = await files.next(); ; next = await files.next()) {
    if (next.done) return { landed, evidence: next.value };
    landed.push(next.value);
  }
}

/** What a file of everything is not. */
const why = "it reads one file for all scopes and starts: see bulk.test.ts";

/** What every way to read a scope does: the same rows, told by the same evidence, whatever goes wrong on the way. */
export function strategySuite(name: StrategyName): void {
  describe(`the strategy ${name}`, () => {
    const isClosed = name === "bulk";
    const ofAnswers = { skip: isClosed ? why : false };
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

    const scopeOf = (change: Partial<Scope> = {}): Scope => ({
      ...{ id: "banks", company: "banks", names: [jpmorgan, bankOfAmerica], window, strategy: name },
      ...change,
    });
    const use = <T>(work: (strategy: Strategy, source: CfpbSource) => Promise<T>) =>
      withSource(sample, { pageSize: 40 }, (source) => work(source.strategies[name], source));
    const countsOf = async (source: CfpbSource, scope: Scope) =>
      (await source.count([scope.names], scope.window, testContext())).counts[0]!;
    const expectedIds = ({ names, window: days }: Pick<Scope, "names" | "window">) =>
      truth(sample.rows, sample.asOf, { companies: names, ...days })
        .map(({ complaint_id }) => complaint_id)
        .sort();

    /** The ids that are in a warehouse once a scope was read into it. */
    async function loadedIds(strategy: Strategy, scopes: readonly Scope[], context: TaskContext = testContext()) {
      const { warehouse, query } = testWarehouse();
      try {
        for (const scope of scopes) {
          const files = strategy.extract(scope, landingNamed(scope.id), context);
          await warehouse.load({ scope, window, runId: "r", source: "live", withdrawals: "usual" }, files, context);
        }
      } finally {
        await warehouse.close();
      }
      return (await query("select complaint_id from raw.cfpb_complaints order by 1")).map(([id]) => id);
    }

    it("brings every row of a scope into the warehouse, once", async () => {
      const scope = scopeOf();
      assert.deepEqual(await use((strategy) => loadedIds(strategy, [scope])), expectedIds(scope));
    });

    it("brings the same rows however the days are split", async () => {
      const all = daysBetween(window.from, window.to);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: all }), { maxLength: 3 }), async (cuts) => {
          const starts = [0, ...cuts.toSorted((a, b) => a - b)].map((days) => addDays(window.from, days));
          const scopes = starts.map((from, i) => {
            const next = starts[i + 1];
            const days = { from, to: next === undefined ? window.to : addDays(next, -1) };
            return scopeOf({ id: `banks ${from}..${days.to}`, window: days });
          });
          assert.deepEqual(await use((strategy) => loadedIds(strategy, scopes)), expectedIds(scopeOf()));
        }),
        { numRuns: 4, seed: 7 },
      );
    });

    it("ends with the source's own total, of no row too", ofAnswers, async () => {
      await use(async (strategy) => {
        const scope = scopeOf();
        const { landed, evidence } = await filesOf(strategy.extract(scope, landingNamed("a"), testContext()));
        const rows = expectedIds(scope).length;
        assert.deepEqual([evidence.expected, evidence.askedOn], [rows, sample.asOf]);
        assert.equal(
          landed.reduce((sum, file) => sum + file.rows!, 0),
          rows,
        );
        const none = scopeOf({ window: { from: "2010-01-01", to: "2010-01-31" } });
        const empty = await filesOf(strategy.extract(none, landingNamed("b"), testContext()));
        assert.deepEqual([empty.evidence.expected, empty.landed.every((file) => file.rows === 0)], [0, true]);
      });
    });

    it("says of each file what it is, and lands all of a start in one folder, in order", async () => {
      await use(async (strategy) => {
        const { landed } = await filesOf(strategy.extract(scopeOf(), landingNamed("a"), testContext()));
        for (const { path, bytes, sha256 } of landed) {
          const content = readFileSync(path);
          assert.equal(content.length, bytes);
          if (sha256 !== null) assert.equal(createHash("sha256").update(content).digest("hex"), sha256);
        }
        const paths = landed.map(({ path }) => path);
        assert.deepEqual(paths, paths.toSorted());
        assert.equal(new Set(paths.map(dirname)).size, 1);
      });
    });

    it("leaves the files of another start alone, and removes its own", ofAnswers, async () => {
      await use(async (strategy) => {
        const first = await filesOf(strategy.extract(scopeOf(), landingNamed("start 1"), testContext()));
        const second = await filesOf(strategy.extract(scopeOf(), landingNamed("start 2"), testContext()));
        await strategy.discard(landingNamed("start 1"));
        assert.ok(first.landed.every(({ path }) => !existsSync(path)));
        assert.ok(second.landed.every(({ path }) => existsSync(path)));
        await strategy.discard(landingNamed("start 2"));
        assert.ok(!existsSync(dirname(second.landed[0]!.path)));
        await strategy.discard(landingNamed("never begun"));
      });
    });

    it(
      "goes on with the files of an earlier start: it only asks whether the source shows the same",
      ofAnswers,
      async () => {
        await use(async (strategy) => {
          const first = await filesOf(strategy.extract(scopeOf(), landingNamed("start 1", "s"), testContext()));
          const context = testContext();
          sample.requests.length = 0;
          const second = await filesOf(strategy.extract(scopeOf(), landingNamed("start 2", "s"), context));
          assert.deepEqual(second.evidence, first.evidence);
          const contents = ({ landed }: typeof first) => landed.map(({ path: _, ...file }) => file);
          assert.deepEqual(contents(second), contents(first));
          assert.ok(second.landed.every(({ path }) => existsSync(path)));
          assert.ok(
            first.landed.every(({ path }) => !existsSync(path)),
            "they are the second's now",
          );
          assert.deepEqual([sample.requests.length, context.traffic.requests], [1, 1]);
          assert.equal(sample.requests[0]?.searchParams.get("size"), "0");
          const reused = context.events.filter(({ type }) => type === "landed.reused");
          const rows = first.evidence.expected;
          const said = { type: "landed.reused", task: context.task, files: first.landed.length, rows, total: rows };
          assert.deepEqual(reused, [said]);
        });
      },
    );

    const reasons: [reason: string, change: (landed: readonly LandedFile[]) => void][] = [
      ["the source's index is another one", () => Object.assign(sample, { asOf: "2026-11-10" })],
      ["a file is not as it was landed", ([first]) => writeFileSync(first!.path, "{}")],
      ["a file is gone", ([first]) => rmSync(first!.path)],
      ["they are a day old", ([first]) => utimesSync(join(dirname(first!.path), "landed.jsonl"), 0, yesterday())],
    ];
    for (const [reason, change] of reasons) {
      it(`leaves the files of an earlier start where ${reason}`, ofAnswers, async () => {
        await use(async (strategy) => {
          const first = await filesOf(strategy.extract(scopeOf(), landingNamed("start 1", "s"), testContext()));
          change(first.landed);
          const context = testContext();
          const second = await filesOf(strategy.extract(scopeOf(), landingNamed("start 2", "s"), context));
          assert.equal(second.evidence.expected, expectedIds(scopeOf()).length);
          const rows = second.landed.reduce((sum, file) => sum + file.rows!, 0);
          assert.equal(rows, second.evidence.expected);
          assert.ok(context.traffic.requests > 1 && !context.events.some(({ type }) => type === "landed.reused"));
        });
      });
    }

    it("costs as many requests as it says, counted in its traffic", ofAnswers, async () => {
      for (const change of [{}, { names: [jpmorgan] }, { window: { from: "2010-01-01", to: "2010-01-31" } }]) {
        await use(async (strategy, source) => {
          const scope = scopeOf(change);
          const cost = strategy.cost(await countsOf(source, scope));
          const context = testContext();
          sample.requests.length = 0;
          await filesOf(strategy.extract(scope, landingNamed("a"), context));
          const asked = allOf(cost);
          assert.deepEqual([sample.requests.length, context.traffic.requests], [asked, asked]);
          assert.ok(cost.bytes >= 0 && context.traffic.bytes > 0);
        });
      }
    });

    const passing: Fault[] = [
      { kind: "answer", status: 429, headers: { "retry-after": "7" }, body: "{}" },
      { kind: "answer", status: 503, body: "busy" },
      { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" },
      { kind: "reset" },
      { kind: "cut", bytes: 100 },
    ];
    it("asks again where a request failed in a way that passes, and brings the same rows", async () => {
      const scope = scopeOf({ window: { from: "2026-10-01", to: "2026-11-20" } });
      for (const fault of passing) {
        for (const at of ["first", "last"] as const) {
          await use(async (strategy, source) => {
            const requests = isClosed ? 2 : allOf(strategy.cost(await countsOf(source, scope)));
            sample.requests.length = 0;
            sample.intercept = (_, number) => (number === (at === "first" ? 1 : requests) ? fault : undefined);
            assert.deepEqual(await loadedIds(strategy, [scope]), expectedIds(scope), `${JSON.stringify(fault)}, ${at}`);
            sample.intercept = undefined;
          });
        }
      }
    });

    it("ends at what it may not ask, and loads nothing", async () => {
      sample.intercept = () => ({ kind: "answer", status: 403, headers: { "content-type": "text/html" }, body: "no" });
      await use((strategy) => assert.rejects(loadedIds(strategy, [scopeOf()]), { code: "source_refused" }));
      assert.equal(sample.requests.length, 1);
    });

    it("says that the index moved where it did under it, so that the scope starts again", async (t) => {
      await use(async (strategy, source) => {
        const scope = scopeOf();
        const requests = allOf(strategy.cost(await countsOf(source, scope)));
        if (requests <= 1) return t.skip("it asks once, and so reads a snapshot");
        sample.requests.length = 0;
        sample.intercept = (_, number) => {
          if (number === 2) sample.asOf = "2026-11-10";
          return undefined;
        };
        const error = await filesOf(strategy.extract(scope, landingNamed("a"), testContext())).catch(factsOf);
        assert.ok("code" in error && error.code === "index_moved");
      });
    });

    it("takes its turns from the budgets of its classes alone", async () => {
      const few = scopeOf({ window: { from: "2026-11-01", to: "2026-11-20" } });
      const { requests } = await use(async (strategy) => strategy.cost([{ names: few.names, rows: 1 }]));
      for (const rateClass of rateClasses) {
        const clock = jumpingClock();
        const budgets = ownBudgets(unlimited, clock);
        await budgets[rateClass].pause(1e9);
        await withSource(sample, { budgets, clock }, (source) =>
          filesOf(source.strategies[name].extract(few, landingNamed("a"), testContext())),
        );
        assert.equal(clock.monotonic() >= 1e9, requests[rateClass] > 0, rateClass);
      }
    });

    it("ends in the middle of a request when it is canceled", async () => {
      const controller = new AbortController();
      sample.intercept = () => {
        controller.abort(new Error("canceled"));
        return { kind: "hang" };
      };
      await use((strategy) =>
        assert.rejects(
          filesOf(strategy.extract(scopeOf(), landingNamed("a"), testContext(controller.signal))),
          /canceled/,
        ),
      );
    });
  });
}
