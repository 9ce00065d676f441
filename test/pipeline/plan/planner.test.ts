import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PlanSettings } from "../../../src/pipeline/flow/values.ts";
import { cutByShares, cutEvenly, spread, within } from "../../../src/pipeline/plan/days.ts";
import { durationOf, lanesFor, type Pace, requestMs, typicalTimings } from "../../../src/pipeline/plan/pace.ts";
import { type CountedWindow, type PlannerOptions, planScopes } from "../../../src/pipeline/plan/planner.ts";
import { scopesToLoad } from "../../../src/pipeline/plan/scopes-to-load.ts";
import { withScopes } from "../../../src/pipeline/scope/scope.ts";
import { addDays, daysBetween, type Window } from "../../../src/pipeline/window/days.ts";
import { bulkStrategy } from "../../../src/source/bulk/strategy.ts";
import { exportCost } from "../../../src/source/export/strategy.ts";
import { pagesCost } from "../../../src/source/pages/strategy.ts";

const limits: PlanSettings["limits"] = { search: 20, export: 2, document: 5 };
/** A page takes 12 s, and an export of everything two minutes. */
const pace: Pace = {
  answerMs: 300,
  timings: { pages: { rows: 10_000, ms: 12_000 }, export: { rows: 100_000, ms: 120_000 } },
};
const options: PlannerOptions = {
  ...{ choice: "auto", limits, pace },
  strategies: {
    pages: { rowsPerRequest: 10_000, cost: (counts) => pagesCost(counts, 10_000) },
    export: { rowsPerRequest: 100_000, cost: exportCost },
    bulk: bulkStrategy(null),
  },
  file: null,
};
const three: Window = { from: "2024-01-01", to: "2026-12-31" };

function counted(company: string, rows: number, window: Window = three): CountedWindow {
  const counts = [{ names: [company.toUpperCase()], rows }];
  return { company, names: counts[0]!.names, window, why: "first run", counts, days: [{ days: window, rows }] };
}

const searches = (schedule: ReturnType<typeof planScopes>) =>
  schedule.windows.flatMap(({ scopes }) => scopes).reduce((sum, { cost }) => sum + cost.requests.search, 0);
const strategies = (schedule: ReturnType<typeof planScopes>) => [
  ...new Set(schedule.windows.flatMap(({ scopes }) => scopes.map(({ strategy }) => strategy))),
];

describe("a plan", () => {
  it("reads two banks by pages, side by side, in scopes of a few pages each", () => {
    const plan = planScopes([counted("a", 62_000), counted("b", 62_000)], options);
    assert.deepEqual(strategies(plan), ["pages"]);
    assert.equal(plan.lanes.pages, 4, "20 a minute, 12 s each");
    assert.deepEqual(
      plan.windows.map(({ scopes }) => scopes.map(({ id, expected }) => [id, expected])),
      ["a", "b"].map((company) => [
        [`${company} 2024-01-01..2025-07-01`, 31_000],
        [`${company} 2025-07-02..2026-12-31`, 31_000],
      ]),
    );
    assert.equal(searches(plan), 16);
    assert.ok(plan.etaMs < 60_000, String(plan.etaMs));
    assert.equal(plan.reason, "14 pages of a source that takes 20 in a minute");
  });

  it("leaves a window whole that is read in one answer, or of a source that answers at once", () => {
    const small = planScopes([counted("a", 9000)], options);
    assert.deepEqual(
      small.windows[0]!.scopes.map(({ id }) => id),
      ["a"],
    );
    const quick = {
      ...options,
      limits: { search: null, export: null, document: null },
      pace: { answerMs: 1, timings: {} },
    };
    assert.equal(planScopes([counted("a", 900_000)], quick).windows[0]!.scopes.length, 1);
  });

  it("uses pages and exports at the same time where pages alone would wait, and ends with both", () => {
    const plan = planScopes([counted("a", 4e6), counted("b", 3.5e6), counted("c", 2.5e6)], options);
    assert.deepEqual(strategies(plan).toSorted(), ["export", "pages"]);
    // Two exports of 100,000 rows in a minute, each with a count, and as many pages as are left of the searches.
    const best = 10e6 / (2 * 100_000 + (20 - 2) * 10_000);
    assert.ok(plan.etaMs / 60_000 < best * 1.1, `${plan.etaMs / 60_000} min of ${best}`);
    const exports = plan.windows.flatMap(({ scopes }) => scopes.filter(({ strategy }) => strategy === "export"));
    assert.ok(exports.every(({ expected }) => expected <= 100_000));
    assert.match(plan.reason, /^pages and exports have a limit each; pages alone take 50 min 0 s$/);
  });

  it("keeps to a strategy that is asked for", () => {
    for (const choice of ["pages", "export"] as const) {
      const plan = planScopes([counted("a", 4e6), counted("b", 10)], { ...options, choice });
      assert.deepEqual([strategies(plan), plan.reason], [[choice], `asked for: strategy ${choice}`]);
    }
  });

  it("leaves a scope as it is of which files are landed", () => {
    for (const choice of ["auto", "pages", "export"] as const) {
      const window = { from: "2024-01-01", to: "2024-06-30" };
      const landed = { ...counted("a", 3e5, window), landedBy: "pages" as const };
      const plan = planScopes([landed, counted("b", 4e6)], { ...options, choice });
      const [only, ...others] = plan.windows[0]!.scopes;
      assert.deepEqual([only!.window, only!.strategy, only!.expected, others], [window, "pages", 3e5, []]);
    }
  });

  it("has every day of a window in one scope, in order, and all of its rows, whatever there is to read", () => {
    const company = fc.record({
      rows: fc.oneof(fc.nat(5000), fc.nat(5_000_000)),
      from: fc.integer({ min: 0, max: 900 }),
      length: fc.nat(900),
    });
    const choice = fc.constantFrom("auto" as const, "pages" as const, "export" as const);
    const perMinute = fc.option(fc.integer({ min: 1, max: 100 }));
    fc.assert(
      fc.property(fc.array(company), choice, perMinute, fc.nat(60_000), (companies, chosen, search, ms) => {
        const windows = companies.map(({ rows, from, length }, i) => {
          const first = addDays("2024-01-01", from);
          return counted(`c${i}`, rows, { from: first, to: addDays(first, length) });
        });
        const timings = { pages: { rows: 10_000, ms } };
        const given = { ...options, choice: chosen, limits: { ...limits, search }, pace: { answerMs: 1, timings } };
        const plan = planScopes(windows, given);
        for (const [i, { scopes, window }] of plan.windows.entries()) {
          assert.deepEqual(window, windows[i]!.window);
          assert.equal(new Set(scopes.map(({ id }) => id)).size, scopes.length);
          let next = window.from;
          for (const scope of scopes) {
            assert.equal(scope.window.from, next);
            assert.ok(scope.window.to >= scope.window.from);
            next = addDays(scope.window.to, 1);
          }
          assert.equal(next, addDays(window.to, 1));
          const rows = scopes.reduce((sum, { expected }) => sum + expected, 0);
          assert.ok(Math.abs(rows - companies[i]!.rows) <= scopes.length);
        }
        assert.ok(plan.etaMs >= 0 && Number.isFinite(plan.etaMs));
      }),
    );
  });
});

describe("a plan with the file of everything", () => {
  const file = { day: "2026-11-19", rows: 18e6, isHere: false };
  const withFile = { ...options, file };
  const scopesOf = (plan: ReturnType<typeof planScopes>, company: string) =>
    plan.windows
      .filter((one) => one.company === company)
      .flatMap(({ scopes }) => scopes.map(({ window, strategy }) => [strategy, window.from, window.to]));

  it("reads from it what would take longer to ask for, and asks for the rest meanwhile", () => {
    const plan = planScopes([counted("a", 4e6), counted("b", 3.5e6), counted("c", 60_000)], withFile);
    assert.equal(plan.isOfFile, true);
    assert.deepEqual(scopesOf(plan, "a")[0], ["bulk", "2024-01-01", "2026-11-19"]);
    assert.deepEqual(scopesOf(plan, "b")[0], ["bulk", "2024-01-01", "2026-11-19"]);
    assert.ok(
      scopesOf(plan, "a")
        .slice(1)
        .every(([strategy, from]) => strategy === "pages" && from! > "2026-11-19"),
    );
    assert.ok(
      scopesOf(plan, "c").every(([strategy]) => strategy === "pages"),
      "a reading of its own takes longer",
    );
    const asked = planScopes([counted("a", 4e6), counted("b", 3.5e6), counted("c", 60_000)], options);
    assert.ok(plan.etaMs < asked.etaMs * 0.9);
    assert.match(plan.reason, /^the file of everything of 2026-11-19 has most of it; asked for, it takes \d+ min/);
  });

  it("asks where that is as quick, and where the file has no day of it", () => {
    assert.equal(planScopes([counted("a", 60_000)], withFile).isOfFile, false);
    const late = counted("a", 4e6, { from: "2026-11-20", to: "2026-12-31" });
    assert.equal(planScopes([late], withFile).isOfFile, false);
    const forced = planScopes([late], { ...withFile, choice: "bulk" });
    assert.deepEqual([forced.isOfFile, strategies(forced)], [false, ["pages"]]);
  });

  it("takes it sooner where it is here, and where earlier runs read it quickly", () => {
    const windows = [counted("a", 600_000)];
    const eta = (change: Partial<PlannerOptions>) =>
      planScopes(windows, { ...withFile, choice: "bulk", ...change }).etaMs;
    const whole = eta({});
    assert.ok(eta({ file: { ...file, isHere: true } }) < whole);
    const timings = { ...pace.timings, bulk: { rows: 200_000, ms: 200 }, file: { rows: 18e6, ms: 20_000 } };
    assert.ok(eta({ pace: { ...pace, timings } }) < whole / 2);
  });

  it("has every day of a window once, and all of its rows", () => {
    const day = fc.integer({ min: 0, max: 1200 }).map((days) => addDays("2024-01-01", days));
    const window = fc.tuple(day, day).map(([a, b]) => ({ from: a < b ? a : b, to: a < b ? b : a }));
    const rows = fc.oneof(fc.nat(5000), fc.nat(5_000_000));
    const choice = fc.constantFrom("auto" as const, "bulk" as const);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(window, rows), { minLength: 1 }),
        day,
        choice,
        fc.boolean(),
        (given, of, chosen, isHere) => {
          const windows = given.map(([days, number], i) => counted(`c${i}`, number, days));
          const plan = planScopes(windows, { ...options, choice: chosen, file: { ...file, day: of, isHere } });
          for (const [i, { window: days, counts }] of windows.entries()) {
            const scopes = plan.windows.filter(({ company }) => company === `c${i}`).flatMap((one) => one.scopes);
            scopes.sort((a, b) => (a.window.from < b.window.from ? -1 : 1));
            let next = days.from;
            for (const scope of scopes) {
              assert.equal(scope.window.from, next);
              assert.ok(scope.strategy !== "bulk" || scope.window.to <= of);
              next = addDays(scope.window.to, 1);
            }
            assert.equal(next, addDays(days.to, 1));
            const all = scopes.reduce((sum, { expected }) => sum + expected, 0);
            assert.ok(Math.abs(all - counts[0]!.rows) <= scopes.length + 1);
          }
        },
      ),
    );
  });

  it("ends at the newest day that is in it, once that is known; without it after all, everything is asked for", () => {
    const window = { company: "a", names: ["A"], window: { from: "2024-01-01", to: "2026-11-30" }, why: "first run" };
    const cost = { requests: { search: 0, export: 0, document: 0 }, bytes: 0 };
    const parts = [
      { strategy: "bulk" as const, window: { from: "2024-01-01", to: "2026-11-19" }, expected: 1_000_000, cost },
      { strategy: "pages" as const, window: { from: "2026-11-20", to: "2026-11-30" }, expected: 5, cost },
    ];
    const { scopes } = withScopes(window, parts);
    const planned = { ...window, scopes: scopes.map((scope, i) => ({ ...parts[i]!, ...scope })) };
    const read = (newest: string | null) =>
      scopesToLoad(planned, newest).scopes.map(({ id, strategy, window: days }) => [id, strategy, days.from, days.to]);
    assert.deepEqual(read("2026-11-25"), [
      ["a 2024-01-01..2026-11-19", "bulk", "2024-01-01", "2026-11-19"],
      ["a 2026-11-20..2026-11-30", "pages", "2026-11-20", "2026-11-30"],
    ]);
    assert.deepEqual(read("2026-11-17"), [
      ["a 2024-01-01..2026-11-17", "bulk", "2024-01-01", "2026-11-17"],
      ["a 2026-11-18..2026-11-30", "pages", "2026-11-18", "2026-11-30"],
    ]);
    assert.deepEqual(read("2023-12-31"), [["a", "pages", "2024-01-01", "2026-11-30"]]);
    const without = read(null);
    assert.ok(without.every(([, strategy]) => strategy === "pages") && without.length > 3);
    assert.deepEqual([without[0]![2], without.at(-1)![3]], ["2024-01-01", "2026-11-30"]);
  });
});

describe("the days of a window", () => {
  it("are cut into parts of about as many rows each", () => {
    const year = { from: "2026-01-01", to: "2026-12-31" };
    const known = [
      { days: { from: "2026-02-01", to: "2026-02-01" }, rows: 300 },
      { days: { from: "2026-07-01", to: "2026-07-31" }, rows: 310 },
    ];
    const cut = cutEvenly(spread(year, 1220, known), 4);
    assert.deepEqual(
      cut.map(({ days, rows }) => [days.from, days.to, Math.round(rows)]),
      [
        ["2026-01-01", "2026-06-30", 600],
        ["2026-07-01", "2026-07-01", 18],
        ["2026-07-02", "2026-07-16", 302],
        ["2026-07-17", "2026-12-31", 299],
      ],
    );
  });

  it("are cut where their rows are, though they are known of long times alone: more from day to day", () => {
    const months = [
      { days: { from: "2026-01-01", to: "2026-01-30" }, rows: 3000 },
      { days: { from: "2026-01-31", to: "2026-03-01" }, rows: 9000 },
      { days: { from: "2026-03-02", to: "2026-03-31" }, rows: 15_000 },
    ];
    const growing = (day: string) => 3.3 + 6.667 * daysBetween("2026-01-01", day);
    for (const { days } of cutEvenly(months, 9)) {
      let rows = 0;
      for (let day = days.from; day <= days.to; day = addDays(day, 1)) rows += growing(day);
      assert.ok(Math.abs(rows - 3000) < 450, `${days.from}: ${rows}`);
    }
  });

  it("are cut by shares", () => {
    const year = { from: "2026-01-01", to: "2026-12-31" };
    const rows = cutByShares([{ days: year, rows: 3650 }], [1, 3, 1]).map((one) => Math.round(one.rows / 10));
    assert.deepEqual(rows, [73, 219, 73]);
    assert.deepEqual(within([{ days: year, rows: 3650 }], { from: "2026-12-01", to: "2027-03-01" }), [
      { days: { from: "2026-12-01", to: "2026-12-31" }, rows: 310 },
    ]);
  });

  it("are taken to be even where little is known of them", () => {
    const window = { from: "2026-01-01", to: "2026-01-10" };
    assert.deepEqual(spread(window, 100, [{ days: { from: "2026-01-01", to: "2026-01-01" }, rows: 49 }]), [
      { days: window, rows: 100 },
    ]);
  });

  it("stay all of the window, however they are spread and cut", () => {
    const segment = fc.record({ gap: fc.nat(5), length: fc.nat(40), rows: fc.nat(10_000) });
    fc.assert(
      fc.property(fc.array(segment), fc.nat(50), fc.integer({ min: 1, max: 30 }), (given, after, parts) => {
        let at = "2026-01-01";
        const known = given.map(({ gap, length, rows }) => {
          const from = addDays(at, gap);
          const to = addDays(from, length);
          at = addDays(to, 1);
          return { days: { from, to }, rows };
        });
        const window = { from: "2026-01-01", to: addDays(at, after) };
        const expected = known.reduce((sum, { rows }) => sum + rows, 0) + 10;
        const cut = cutEvenly(spread(window, expected, known), parts);
        assert.ok(cut.length >= 1 && cut.length <= parts);
        const days = cut.reduce((sum, one) => sum + daysBetween(one.days.from, one.days.to) + 1, 0);
        assert.equal(days, daysBetween(window.from, window.to) + 1);
        assert.deepEqual([cut[0]!.days.from, cut.at(-1)!.days.to], [window.from, window.to]);
        assert.ok(Math.abs(cut.reduce((sum, { rows }) => sum + rows, 0) - expected) < 1e-3);
      }),
    );
  });
});

describe("the pace of a source", () => {
  it("is what its fuller answers took, else what is usual", () => {
    const landing = (strategy: string, rows: number, ms: number) => ({ strategy, rows, ms });
    const landings = [landing("pages", 10, 900), landing("pages", 8000, 7000), landing("pages", 10_000, 9000)];
    const timings = typicalTimings([...landings, landing("telepathy", 1, 1), landing("pages", 9000, 8000)]);
    assert.deepEqual(timings, { pages: { rows: 9000, ms: 8000 } });
    assert.equal(requestMs({ answerMs: 500, timings }, "pages", 9000), 8000);
    assert.equal(requestMs({ answerMs: 500, timings }, "pages", 0), 500);
    assert.equal(requestMs({ answerMs: 300, timings: {} }, "pages", 10_000), 12_000);
  });

  it("says how many requests are under way at once: the rate times the time that each takes", () => {
    const lanes = [1000, 12_000, 20_000, 60_000].map((ms) => lanesFor(20, ms));
    assert.deepEqual(lanes, [3, 4, 7, 8]);
    assert.equal(lanesFor(null, 12_000), 3);
  });

  it("is held back by the limit, or by the lanes", () => {
    const queue = { perMinute: 20, lanes: 4, ms: 12_000 };
    const minutes = [0, 1, 4, 20, 21, 60].map((requests) => durationOf({ ...queue, requests }) / 60_000);
    assert.deepEqual(minutes, [0, 0.2, 0.2, 1, 1.2, 3]);
    assert.equal(durationOf({ ...queue, perMinute: null, requests: 21 }), 72_000);
  });
});
