import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spawnSample } from "../../src/sample/server/spawn.ts";

describe("the sample as a process", () => {
  it("serves at full scale and ends when it is told to", async () => {
    const sample = await spawnSample({ asOf: "2026-11-20" }, AbortSignal.timeout(20_000));
    const response = await fetch(`${sample.url}?size=0&no_aggs=true`);
    const { hits } = (await response.json()) as { hits: { total: { value: number } } };
    assert.ok(hits.total.value > 300_000);
    await sample.stop();
    await assert.rejects(fetch(sample.url));
  });

  it("is not started for a run that is cancelled already", async () => {
    await assert.rejects(spawnSample({}, AbortSignal.abort()), { name: "AbortError" });
  });
});
