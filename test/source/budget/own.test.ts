import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OwnBudget, ownBudgets } from "../../../src/source/budget/own.ts";
import { jumpingClock } from "../../harness/context.ts";

const signal = new AbortController().signal;
const quiet = () => undefined;

describe("the rate budget", () => {
  it("is kept by several tasks at once within any 60 s", async () => {
    const clock = jumpingClock();
    const budget = new OwnBudget(20, clock);
    const times: number[] = [];
    const task = async () => {
      for (let i = 0; i < 25; i++) {
        await budget.take(signal, quiet);
        times.push(clock.now());
      }
    };
    await Promise.all([task(), task(), task()]);
    assert.equal(times.length, 75);
    for (const [i, time] of times.entries()) {
      const within = times.filter((other, j) => j <= i && other > time - 60_000);
      assert.ok(within.length <= 20, `${within.length} within the minute before ${time}`);
    }
    assert.ok(times.at(-1)! < 4 * 61_000, "no slower than needed");
  });

  it("tells of a wait, and how long it is", async () => {
    const clock = jumpingClock();
    const budget = new OwnBudget(1, clock);
    const waits: number[] = [];
    await budget.take(signal, (waitMs) => waits.push(waitMs));
    await budget.take(signal, (waitMs) => waits.push(waitMs));
    assert.deepEqual(waits, [60_500]);
  });

  it("is another one for each class of requests", async () => {
    const clock = jumpingClock();
    const budgets = ownBudgets({ search: 1, export: 1, document: 1 }, clock);
    for (const budget of Object.values(budgets)) await budget.take(signal, assert.fail);
    await budgets.search.pause(90_000);
    await budgets.export.take(signal, quiet);
    assert.ok(clock.now() < 90_000);
    await budgets.search.take(signal, quiet);
    assert.ok(clock.now() >= 90_000);
  });

  it("pauses everybody when the source asked for it", async () => {
    const clock = jumpingClock();
    const budget = new OwnBudget(Number.POSITIVE_INFINITY, clock);
    await budget.pause(30_000);
    await Promise.all([budget.take(signal, quiet), budget.take(signal, quiet)]);
    assert.equal(clock.now(), 30_000);
  });

  it("lets the others on when one who waits is cancelled", async () => {
    const clock = jumpingClock();
    const budget = new OwnBudget(2, clock);
    const cancelled = budget.take(AbortSignal.abort(new Error("cancelled")), quiet);
    await assert.rejects(cancelled, /cancelled/);
    await budget.take(signal, quiet);
  });
});
