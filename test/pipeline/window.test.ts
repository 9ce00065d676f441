import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addDays, dayOf, isDay } from "../../src/pipeline/days.ts";
import { nextState, resolveWindow, type WindowSettings } from "../../src/pipeline/window.ts";

const settings: WindowSettings = { startDate: "2024-01-01", asOf: "2026-11-20", lookBackDays: 60, resetState: false };
const company = { company: "x", names: ["X"] };
const state = { company: "x", names: ["X"], loadedFrom: "2024-01-01", loadedThrough: "2026-11-19" };

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
  const windowOf = (change: Partial<WindowSettings>, known: typeof state | undefined = state, names = ["X"]) => {
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
      const [from = ""] = windowOf({}, { ...state, loadedThrough });
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
    assert.deepEqual(after, { names: ["X"], loadedFrom: "2025-01-01", loadedThrough: "2026-10-31" });
  });

  it("keeps the earliest day that was ever loaded", () => {
    assert.equal(nextState(loaded("2026-09-20", "2026-11-20"), state, false).loadedFrom, "2024-01-01");
    assert.equal(nextState(loaded("2023-01-01", "2026-11-20"), state, false).loadedFrom, "2023-01-01");
  });
});
