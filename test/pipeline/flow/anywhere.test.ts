import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { createContext, runInContext, runInNewContext, Script } from "node:vm";
import { build, type Rolldown } from "vite";
import type { StepResult } from "../../../src/pipeline/flow/engine.ts";
import type { runFlow } from "../../../src/pipeline/flow/flow.ts";
import { recording, replaying } from "../../harness/engines.ts";
import { flow, worlds } from "../../harness/flow.ts";

/** The flow with all that it imports, as one script. */
async function bundle(): Promise<string> {
  const built = (await build({
    ...{ configFile: false, logLevel: "silent", root: resolve(".") },
    build: {
      ...{ write: false, minify: false, target: "es2024" },
      lib: { entry: resolve("src/pipeline/flow/flow.ts"), formats: ["iife"], name: "flow" },
    },
  })) as Rolldown.RolldownOutput[];
  return built[0]!.output[0].code;
}

describe("the flow, as one script", () => {
  it("runs where there is nothing of Node: no timers, signals, processes, files", async () => {
    const code = await bundle();
    assert.doesNotMatch(
      code,
      /\brequire\(|\bimport\(|node:|AbortSignal|AbortController|setTimeout|setImmediate|performance\.|process\.|crypto\./,
    );
    const { runFlow: run } = runInNewContext(`${code};flow`) as { runFlow: typeof runFlow };
    const error = { code: "company_not_found", message: "m", data: "d", next: "n" } as const;
    const failed = { output: null, error, traffic: { requests: 1, bytes: 2 }, durationMs: 3 };
    const settings = {
      ...{ runId: "r", source: "live", companies: ["a"], startDate: "2026-01-01", asOf: "2026-01-02", lookBackDays: 1 },
      ...{ strategy: "auto" as const, limits: { search: null, export: null, document: null }, timings: {} },
      health: { onTrouble: "warn" as const, mostGone: 0.05 },
      ...{ resetState: false, acceptWithdrawals: false, skipDbt: false, retryOf: null, backfill: null, file: null },
      ...{ extractTimeoutMs: 1, dbtTimeoutMs: 1 },
    };
    const asked: string[] = [];
    const engine = {
      async run(step: string) {
        asked.push(step);
        return failed as StepResult<never>;
      },
      skip: assert.fail,
      announce: assert.fail,
    };
    const result = await run(engine, settings, { companies: [], untracked: [], index: null });
    assert.deepEqual(asked, ["resolve_companies"]);
    assert.equal(JSON.stringify(result), JSON.stringify({ outcome: null, error, traffic: { requests: 1, bytes: 2 } }));
  });

  it("decides the same without a clock and without chance", async () => {
    const script = new Script(`${await bundle()};flow`);
    for (const [what, world, change] of worlds) {
      let calls: ReturnType<typeof recording>["calls"] = [];
      let given: Parameters<typeof runFlow> | undefined;
      const { outcome } = await flow(world, change, (engine, settings, remembered) => {
        const recorder = recording(engine);
        calls = recorder.calls;
        given = [recorder.engine, settings, remembered];
        return recorder.engine;
      });
      const context = createContext({});
      runInContext(withoutClock, context);
      const { runFlow: run } = script.runInContext(context) as { runFlow: typeof runFlow };
      const [, settings, remembered] = given!;
      const again = await run(replaying(calls), settings, remembered);
      assert.equal(JSON.stringify(again.outcome), JSON.stringify(outcome), what);
    }
  });
});

/**
 * Takes away what gives another answer the next time. A date of a given moment is one for ever; `UTCDateMini` begins with one of now, and sets it then:
 * to the moment that it is given, or by `Date.now`.
 */
const withoutClock = `
  const never = () => { throw new Error("the flow asked for the time, or for chance"); };
  Math.random = never;
  Date.now = never;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given, as) => (given.length === 0 && as === globalThis.Date ? never() : Reflect.construct(target, given, as)),
    apply: never,
  });`;
