import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAhead } from "../../../src/pipeline/load/read-ahead.ts";

describe("reading ahead", () => {
  const log: string[] = [];
  async function* items(failAt?: number): AsyncGenerator<number, string, void> {
    for (let i = 1; i <= 3; i++) {
      log.push(`asked ${i}`);
      await Promise.resolve();
      if (i === failAt) throw new Error(`no ${i}`);
      yield i;
    }
    return "all";
  }
  const read = async (source: AsyncGenerator<number, string, void>) => {
    log.length = 0;
    const ahead = readAhead(source);
    for (let item = await ahead.next(); ; item = await ahead.next()) {
      if (item.done) return item.value;
      log.push(`works on ${item.value}`);
    }
  };

  it("asks for the next item before one is worked on, and ends with the result", async () => {
    assert.equal(await read(items()), "all");
    assert.deepEqual(log, ["asked 1", "asked 2", "works on 1", "asked 3", "works on 2", "works on 3"]);
  });

  it("tells of a failure when its turn comes", async () => {
    await assert.rejects(read(items(2)), /no 2/);
    assert.ok(log.includes("works on 1"), log.join(", "));
  });

  it("leaves nothing under way when its reader stops early", async () => {
    log.length = 0;
    let over = false;
    async function* slow(): AsyncGenerator<number, string, void> {
      yield 1;
      await new Promise((resolve) => setImmediate(resolve));
      over = true;
      return "all";
    }
    const ahead = readAhead(slow());
    assert.equal((await ahead.next()).value, 1);
    await ahead.return("stopped");
    assert.ok(over);
  });
});
