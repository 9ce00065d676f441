import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Gate } from "../../src/pipeline/flow/gate.ts";

describe("a gate", () => {
  it("lets so many in at once, in the order they came, also after one has failed", async () => {
    const gate = new Gate(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    const works = Array.from({ length: 6 }, (_, i) =>
      gate.within(async () => {
        order.push(i);
        most = Math.max(most, ++inside);
        await Promise.resolve();
        inside--;
        if (i === 1) throw new Error("failed");
      }),
    );
    const ends = await Promise.allSettled(works);
    assert.deepEqual([order, most], [[0, 1, 2, 3, 4, 5], 2]);
    assert.deepEqual(
      ends.map(({ status }) => status === "fulfilled"),
      [true, false, true, true, true, true],
    );
  });
});
