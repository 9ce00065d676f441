import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startStandalone } from "../../src/sample/server/standalone.ts";
import { realRates, Throttle } from "../../src/sample/server/throttle.ts";

describe("the source's limits", () => {
  it("roll over a minute, and refused requests do not count", () => {
    let now = 0;
    const throttle = new Throttle({ rates: realRates, now: () => now });
    const ask = () => throttle.refuse("client", "search", "json");
    for (let i = 0; i < 20; i++) {
      now = i * 1000;
      assert.equal(ask(), undefined);
    }
    now = 30_000;
    for (let i = 0; i < 5; i++) assert.deepEqual([ask()?.status, ask()?.headers["retry-after"]], [429, "30"]);
    now = 59_999;
    assert.equal(ask()?.headers["retry-after"], "1");
    now = 60_000;
    assert.equal(ask(), undefined);
    assert.equal(ask()?.status, 429);
    now = 61_000;
    assert.equal(ask(), undefined);
  });

  it("are counted apart for each kind and each client", () => {
    const throttle = new Throttle({ rates: realRates, now: () => 0 });
    for (let i = 0; i < 2; i++) assert.equal(throttle.refuse("a", "export", "csv"), undefined);
    const refused = throttle.refuse("a", "export", "csv");
    assert.deepEqual([refused?.body, refused?.headers["content-type"]], ["detail", "text/csv; charset=utf-8"]);
    assert.equal(throttle.refuse("b", "export", "csv"), undefined);
    for (let i = 0; i < 5; i++) assert.equal(throttle.refuse("a", "document", "json"), undefined);
    assert.equal(throttle.refuse("a", "document", "json")?.status, 429);
    assert.equal(throttle.refuse("a", "search", "json"), undefined);
  });

  it("can go faster than real", async () => {
    const server = await startStandalone({ asOf: "2026-11-20", scale: 0.001, rates: 300 });
    const ask = async () => {
      const response = await fetch(`${server.url}?size=0&no_aggs=true`);
      await response.arrayBuffer();
      return response.status;
    };
    try {
      // A minute is 200 ms here: it is over before anything has to be waited for.
      const until = async (status: number) => {
        for (let i = 0; i < 10_000; i++) if ((await ask()) === status) return;
        throw new Error(`never ${status}`);
      };
      await until(429);
      await until(200);
    } finally {
      await server.close();
    }
  });
});
