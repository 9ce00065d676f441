import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { CommittedLoad } from "../../../src/pipeline/flow/values.ts";
import { joinDone, partBefore, splitDone, splitLanded } from "../../../src/pipeline/plan/done.ts";
import { withScopes } from "../../../src/pipeline/scope/scope.ts";
import { addDays, type Window } from "../../../src/pipeline/window/days.ts";
import { daysIn, gapsIn, withWindow } from "../../../src/pipeline/window/ranges.ts";
import { loaded } from "../../harness/flow.ts";
import { plannedByPages } from "../../harness/plans.ts";

const start = "2026-01-01";
const all = { company: "a", names: ["A"], window: { from: start, to: addDays(start, 99) }, why: "first run" };

function loadOf(window: Window, change: Partial<CommittedLoad> = {}): CommittedLoad {
  const scope = withScopes(all, [
    { window, strategy: "pages" },
    { window, strategy: "pages" },
  ]).scopes[0]!.id;
  return { company: "a", names: ["A"], scope, window, result: loaded, ...change };
}

describe("what earlier runs have loaded of a window", () => {
  it("stands as it was read, and only the days between are planned", () => {
    const days = fc.record({ from: fc.integer({ min: -5, max: 99 }), length: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(days, { maxLength: 6 }), (ranges) => {
        const loads = ranges.map(({ from, length }) =>
          loadOf({ from: addDays(start, from), to: addDays(start, from + length) }),
        );
        const done = { loads, retryOf: null };
        const { parts, unread } = splitDone(done, all);
        const planned = unread.map((window) => plannedByPages({ ...all, window }, [7], 10));
        const { scopes } = joinDone(all, parts, "pages", planned);
        let next = all.window.from;
        for (const scope of scopes) {
          assert.equal(scope.window.from, next);
          next = addDays(scope.window.to, 1);
          const isUnread = unread.some(({ from }) => from === scope.window.from);
          assert.equal(scope.cost.requests.search > 0, isUnread);
          if (scopes.length > 1) assert.equal(partBefore(done, scope) === undefined, isUnread);
        }
        assert.equal(next, addDays(all.window.to, 1));
        if (scopes.length === 1) assert.equal(unread.length, 1, "a part is never all of the window");
      }),
    );
  });

  it("leaves the days apart of which an earlier start has landed files, each once", () => {
    const range = fc
      .record({ from: fc.integer({ min: -5, max: 99 }), length: fc.nat(30) })
      .map(({ from, length }) => ({ from: addDays(start, from), to: addDays(start, from + length) }));
    fc.assert(
      fc.property(fc.array(range), fc.array(range), (given, kept) => {
        const unread = given.reduce<readonly Window[]>((ranges, one) => withWindow(ranges, one), []);
        const strategy = "export" as const;
        const others = [{ names: ["B"], window: all.window, strategy }];
        const landed = [...kept.map((window) => ({ names: ["A"], window, strategy })), ...others];
        const split = splitLanded(all, unread, landed);
        const days = split.reduce<readonly Window[]>((ranges, { window }) => {
          assert.equal(daysIn(gapsIn(ranges, window)), daysIn([window]), "no day is in two");
          return withWindow(ranges, window);
        }, []);
        assert.deepEqual(days, unread);
        for (const { window, landedBy } of split)
          assert.equal(
            landedBy === strategy,
            kept.some(({ from, to }) => from === window.from && to === window.to),
          );
      }),
    );
  });

  it("is of the very names, and no whole window", () => {
    const window = { from: start, to: addDays(start, 9) };
    for (const change of [{ names: ["A", "B"] }, { company: "b" }, { scope: "a" }]) {
      const { parts, unread } = splitDone({ loads: [loadOf(window, change)], retryOf: null }, all);
      assert.deepEqual([parts, unread], [[], [all.window]]);
    }
  });
});
