import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Semaphore } from "../../src/pipeline/semaphore.ts";

describe("a semaphore", () => {
  it("lets so many in at once, in the order they came, also after one has failed", async () => {
    const semaphore = new Semaphore(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    const works = Array.from({ length: 6 }, (_, i) =>
      semaphore.run(async () => {
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

  it("gives the place of whoever leaves to the next, and forgets whoever leaves the line", async () => {
    const semaphore = new Semaphore(1);
    const [first, second, third] = [semaphore.acquire(), semaphore.acquire(), semaphore.acquire()];
    const entered: string[] = [];
    void second.acquired.then(() => entered.push("second"));
    const last = third.acquired.then(() => entered.push("third"));
    await first.acquired;
    assert.equal(semaphore.waiting, 2);
    second.release();
    assert.equal(semaphore.waiting, 1);
    first.release();
    await last;
    third.release();
    await semaphore.run(async () => entered.push("free again"));
    assert.deepEqual(entered, ["third", "free again"]);
  });
});
