import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { addDays, dayOf, isDay, type Window } from "../../../src/pipeline/window/days.ts";
import { daysIn, gapsIn, withWindow } from "../../../src/pipeline/window/ranges.ts";
import {
  type CompanyState,
  nextState,
  resolveWindow,
  type WindowSettings,
  withDays,
} from "../../../src/pipeline/window/window.ts";

const settings: WindowSettings = { startDate: "2024-01-01", asOf: "2026-11-20", lookBackDays: 60, resetState: false };
const company = { company: "x", names: ["X"] };
const state = stateOf({ from: "2024-01-01", to: "2026-11-19" });

function stateOf(window: Window, names = ["X"]): CompanyState {
  const loaded = names.map((name) => ({ name, days: [window] }));
  return { company: "x", names, loadedFrom: window.from, loadedThrough: window.to, loaded };
}

describe("days", () => {
  it("are calendar days", () => {
    for (const good of ["2024-02-29", "1900-01-01", "2199-12-31"]) assert.ok(isDay(good), good);
    for (const bad of ["2023-02-29", "2024-13-01", "2024-1-1", "20240101", "today", "", "2024-01-01T00:00:00Z"])
      assert.ok(!isDay(bad), bad);
  });

  it("add up across months, leap days and clock changes", () => {
    assert.equal(addDays("2024-02-28", 2), "2024-03-01");
    assert.equal(addDays("2024-03-10", 1), "2024-03-11");
    assert.equal(addDays("2026-01-01", -60), "2025-11-02");
    assert.equal(dayOf(Date.parse("2024-05-01T23:59:59.999Z")), "2024-05-01");
  });
});

describe("the window of a company", () => {
  const windowOf = (change: Partial<WindowSettings>, known: CompanyState | undefined = state, names = ["X"]) => {
    const { window, why } = resolveWindow({ ...settings, ...change }, { ...company, names }, known);
    return [window.from, window.to, why];
  };

  it("is everything on the first run, after a reset and with an earlier start", () => {
    const { window, why } = resolveWindow(settings, company, undefined);
    assert.deepEqual([window, why], [{ from: "2024-01-01", to: "2026-11-20" }, "first run"]);
    assert.deepEqual(windowOf({ resetState: true }), ["2024-01-01", "2026-11-20", "state reset"]);
    assert.deepEqual(windowOf({ startDate: "2023-01-01" }), [
      "2023-01-01",
      "2026-11-20",
      "start date moved back from 2024-01-01",
    ]);
  });

  it("goes back from the watermark by the look-back, never before what was loaded first", () => {
    assert.deepEqual(windowOf({}), ["2026-09-20", "2026-11-20", "look-back 60 days from 2026-11-19"]);
    assert.equal(windowOf({ lookBackDays: 0 })[0], "2026-11-19");
    assert.equal(windowOf({ lookBackDays: 100_000 })[0], "2024-01-01");
    assert.equal(windowOf({ startDate: "2026-11-15" })[0], "2026-09-20");
  });

  it("never starts later than as-of minus look-back", () => {
    for (const loadedThrough of ["2024-06-01", "2026-11-19", "2026-11-20", "2026-12-24"]) {
      const [from = ""] = windowOf({}, stateOf({ from: "2024-01-01", to: loadedThrough }));
      assert.ok(from <= addDays(settings.asOf, -60), `${loadedThrough}: ${from}`);
    }
  });

  it("is everything that was loaded when a name is new", () => {
    assert.deepEqual(windowOf({}, state, ["X", "X BANK"]), ["2024-01-01", "2026-11-20", "new name: X BANK"]);
  });
});

describe("the watermark", () => {
  const loaded = (from: string, to: string) => ({ ...company, window: { from, to }, why: "" });

  it("moves forward, and an earlier as-of moves it nowhere", () => {
    assert.equal(nextState(loaded("2024-01-01", "2026-11-20"), undefined, false).loadedThrough, "2026-11-20");
    assert.equal(nextState(loaded("2026-09-20", "2026-11-20"), state, false).loadedThrough, "2026-11-20");
    assert.equal(nextState(loaded("2026-09-01", "2026-10-31"), state, false).loadedThrough, "2026-11-19");
  });

  it("goes back by a reset", () => {
    const after = nextState(loaded("2025-01-01", "2026-10-31"), state, true);
    const { company: _, ...expected } = stateOf({ from: "2025-01-01", to: "2026-10-31" });
    assert.deepEqual(after, expected);
  });

  it("keeps the earliest day that was ever loaded", () => {
    assert.equal(nextState(loaded("2026-09-20", "2026-11-20"), state, false).loadedFrom, "2024-01-01");
    assert.equal(nextState(loaded("2023-01-01", "2026-11-20"), state, false).loadedFrom, "2023-01-01");
  });
});

describe("days that were never read", () => {
  const run = (before: CompanyState | undefined, change: Partial<WindowSettings>, names = ["X"]) => {
    const window = resolveWindow({ ...settings, ...change }, { company: "x", names }, before);
    const after: CompanyState = { company: "x", ...nextState(window, before, change.resetState ?? false) };
    return { window, after };
  };

  it("are read by the next run after an earlier start with an earlier as-of, and are not claimed before", () => {
    const year = stateOf({ from: "2025-01-01", to: "2025-12-31" });
    const half = run(year, { startDate: "2024-01-01", asOf: "2024-06-30" });
    assert.deepEqual(half.window.window, { from: "2024-01-01", to: "2024-06-30" });
    assert.deepEqual([half.after.loadedFrom, half.after.loadedThrough], ["2025-01-01", "2025-12-31"]);
    const whole = run(half.after, { startDate: "2024-01-01", asOf: "2026-01-10" });
    assert.deepEqual(whole.window.window, { from: "2024-07-01", to: "2026-01-10" });
    assert.deepEqual([whole.after.loadedFrom, whole.after.loadedThrough], ["2024-01-01", "2026-01-10"]);
  });

  it("of a new name are read by the next run after an earlier as-of, and the name is not claimed before", () => {
    const early = run(state, { asOf: "2026-06-01" }, ["X", "Y"]);
    assert.deepEqual(early.after.names, ["X"]);
    const { window, after } = run(early.after, {}, ["X", "Y"]);
    assert.deepEqual(window, {
      ...{ company: "x", names: ["X", "Y"], window: { from: "2026-06-02", to: "2026-11-20" }, why: "new name: Y" },
    });
    assert.deepEqual(after.names, ["X", "Y"]);
  });

  it("in a home that has such a gap are said with their number", () => {
    const days = [
      { from: "2024-01-01", to: "2024-06-30" },
      { from: "2025-01-01", to: "2026-11-19" },
    ];
    const { window, after } = run({ ...state, loaded: [{ name: "X", days }] }, {});
    assert.equal(window.why, "184 days were never read, the first of them 2024-07-01");
    assert.equal(window.window.from, "2024-07-01");
    assert.equal(run(after, {}).window.why, "look-back 60 days from 2026-11-20");
  });

  it("that a backfill read are not read again, and it moves no watermark", () => {
    const after: CompanyState = { company: "x", ...withDays(state, ["X"], { from: "2023-01-01", to: "2023-12-31" }) };
    assert.deepEqual([after.loadedFrom, after.loadedThrough], ["2024-01-01", "2026-11-19"]);
    assert.equal(run(after, { startDate: "2023-01-01" }).window.window.from, "2026-09-20");
  });

  const first = Date.parse("2025-01-01") / 86_400_000;
  const day = fc.integer({ min: 0, max: 40 }).map((offset) => dayOf((first + offset) * 86_400_000));
  const window = fc
    .tuple(day, day)
    .map(([one, other]): Window => ({ from: one < other ? one : other, to: one < other ? other : one }));

  it("do not exist between the two days of a state, whatever happened in which order", { timeout: 60_000 }, () => {
    const act = fc.record({
      text: fc.constantFrom("one", "two"),
      names: fc.uniqueArray(fc.constantFrom("X", "Y", "Z"), { minLength: 1 }),
      days: window,
      lookBackDays: fc.integer({ min: 0, max: 20 }),
      kind: fc.constantFrom("run", "run", "run", "reset", "backfill", "failed"),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
        const states = new Map<string, CompanyState>();
        const read = new Map<string, Window[]>();
        for (const { text, names, days, lookBackDays, kind } of acts) {
          const before = states.get(text);
          const asked = { startDate: days.from, asOf: days.to, lookBackDays, resetState: kind === "reset" };
          const load =
            kind === "backfill"
              ? { company: text, names, window: days, why: "backfill" }
              : resolveWindow(asked, { company: text, names }, before);
          if (kind === "failed") continue;
          for (const name of names) read.set(name, [...(read.get(name) ?? []), load.window]);
          if (kind !== "backfill") states.set(text, { company: text, ...nextState(load, before, asked.resetState) });
          else if (before !== undefined) states.set(text, { company: text, ...withDays(before, names, days) });
          const after = states.get(text);
          if (before !== undefined && after !== undefined && kind !== "reset")
            assert.ok(after.loadedThrough >= before.loadedThrough && after.loadedFrom <= before.loadedFrom);
          for (const { names: held, loadedFrom, loadedThrough } of states.values()) {
            for (const name of held) {
              const ranges = (read.get(name) ?? []).reduce(withWindow, [] as readonly Window[]);
              assert.deepEqual(gapsIn(ranges, { from: loadedFrom, to: loadedThrough }), [], name);
            }
          }
        }
      }),
      { numRuns: 3000, seed: 25 },
    );
  });

  it("are counted and joined like sets of days", () => {
    fc.assert(
      fc.property(fc.array(window, { maxLength: 8 }), window, (windows, asked) => {
        const ranges = windows.reduce(withWindow, [] as readonly Window[]);
        const days = new Set(windows.flatMap(daysOf));
        assert.equal(daysIn(ranges), days.size);
        assert.deepEqual(
          gapsIn(ranges, asked).flatMap(daysOf),
          daysOf(asked).filter((one) => !days.has(one)),
        );
      }),
      { numRuns: 500, seed: 25 },
    );
  });

  function daysOf({ from, to }: Window): string[] {
    const all: string[] = [];
    for (let one = from; one <= to; one = addDays(one, 1)) all.push(one);
    return all;
  }
});
