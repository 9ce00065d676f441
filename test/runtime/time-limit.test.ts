import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { TimeLimit } from "../../src/runtime/local/time-limit.ts";

describe("a limit of time", () => {
  /** Hundreds of milliseconds after which it was over, each followed by what is done to it then. */
  function overAfter(...actions: (keyof TimeLimit | undefined)[]): number | null {
    let now = 0;
    mock.timers.enable({ apis: ["setTimeout"] });
    const clock = mock.method(performance, "now", () => now);
    try {
      let over: number | null = null;
      const limit = new TimeLimit(300, () => {
        over ??= now / 100;
      });
      for (const action of [...actions, ...Array.from({ length: 9 }, () => undefined)]) {
        now += 100;
        mock.timers.tick(100);
        if (action !== undefined) limit[action]();
      }
      return over;
    } finally {
      clock.mock.restore();
      mock.timers.reset();
    }
  }

  it("is over once, and starts anew with every progress", () => {
    assert.equal(overAfter(), 3);
    assert.equal(overAfter(undefined, "progress"), 5);
    assert.equal(overAfter("progress", "progress", "progress"), 6);
    assert.equal(overAfter("stop"), null);
  });

  it("stands still during a pause, progress or not", () => {
    assert.equal(overAfter("pause", undefined, undefined, undefined, "resume"), 7);
    assert.equal(overAfter("pause", "pause", "resume", "resume"), 5);
    assert.equal(overAfter("pause", "progress", undefined, "resume"), 7);
    assert.equal(overAfter("pause"), null);
  });
});
