import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Engine, type StepOptions, shortStep } from "../../src/pipeline/flow/engine.ts";
import type { LoadRequest, LoadResult } from "../../src/pipeline/flow/values.ts";
import type { Handlers } from "../../src/pipeline/steps/handlers.ts";
import { PipelineError } from "../../src/run/errors.ts";
import type { EventFacts } from "../../src/run/events.ts";
import { systemClock } from "../../src/runtime/local/clock.ts";
import { LocalEngine } from "../../src/runtime/local/engine.ts";
import { inTwoPlaces, recording, replaying, throughJson } from "../harness/engines.ts";

const policy = { retries: 2, delayMs: 1, longestMs: 10 };
const never = new AbortController().signal;

type Made = { engine: Engine; states: unknown[] };
type Make = (handlers: Partial<Handlers>, signal?: AbortSignal) => Made;

/** The engine of this process, and what it reports of tasks. */
const local: Make = (handlers, signal = never) => {
  const states: unknown[] = [];
  const report = (event: EventFacts) => {
    if (event.type === "task.state") states.push([event.task, event.state, event.attempt]);
  };
  return { states, engine: new LocalEngine({ handlers, signal, report, clock: systemClock, policy }) };
};

/** Every engine that a run may go through. */
const engines: Record<string, Make> = {
  "in this process": local,
  "through JSON, with extraction and load in two places": (handlers, signal) => {
    const { engine, states } = local(inTwoPlaces(handlers), signal);
    return { engine: throughJson(engine), states };
  },
  "whose steps are recorded, and then played again without being run": (handlers, signal) => {
    const { engine: given, states } = local(handlers, signal);
    const { engine: recorder, calls } = recording(given);
    const engine: Engine = {
      async run(step, key, input, options) {
        await recorder.run(step, key, input, options);
        const ofThis = calls.filter(
          ({ call }) => JSON.stringify(call) === JSON.stringify({ step, key, input, options }),
        );
        return replaying(ofThis.slice(-1)).run(step, key, input, options);
      },
      skip: (step, key, reason) => recorder.skip(step, key, reason),
      announce: (step, hint) => recorder.announce(step, hint),
    };
    return { engine, states };
  },
};

const failure = (code: "reconcile_failed" | "source_refused" | "source_unavailable") =>
  new PipelineError({ code, message: "m", data: "d", next: "n" });

const request: LoadRequest = {
  scope: {
    ...{ id: "a", company: "a", names: ["A"], strategy: "pages" },
    window: { from: "2026-01-01", to: "2026-01-02" },
  },
  window: { from: "2026-01-01", to: "2026-01-02" },
  ...{ runId: "run", source: "live", withdrawals: "usual" },
};
const loaded: LoadResult = {
  ...{ loadId: "l", loadNo: 1, expected: 2, inserted: 2, updated: 0, deleted: 0, unchanged: 0, rejected: 0, held: 0 },
  fields: { unknown: [], missing: [], emptied: [], responses: [] },
};
const keyOf = (company: string) => ({ company, scope: company });
const load: StepOptions = { timeoutMs: 10_000, timeoutOf: "step", retry: "scope" };
const published = { snapshot: "s", tables: 1, rows: { a: 1 }, reason: null };

/** Resolves, and so ends a test that waits for it, only when a signal is aborted. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

for (const [name, make] of Object.entries(engines)) {
  describe(`an engine ${name}`, () => {
    it("gives a step's output, and counts its traffic over all attempts", async () => {
      const { engine, states } = make({
        async publish(_, { traffic, attempt }) {
          traffic.requests++;
          traffic.bytes += 10;
          if (attempt === 1) throw failure("reconcile_failed");
          return published;
        },
      });
      const { output, error, traffic, durationMs } = await engine.run("publish", null, { runId: "r" }, load);
      assert.deepEqual([output, error, traffic], [published, null, { requests: 2, bytes: 20 }]);
      assert.ok(Number.isInteger(durationMs) && durationMs >= 0);
      assert.deepEqual(states, [
        ["publish", "Running", 1],
        ["publish", "Retrying", 1],
        ["publish", "Running", 2],
        ["publish", "Completed", 2],
      ]);
    });

    it("starts a step again only after an error of the class that its options name, three times in all", async () => {
      const cases: [error: Error, options: StepOptions, attempts: number, code: string][] = [
        [failure("reconcile_failed"), load, 3, "reconcile_failed"],
        [failure("reconcile_failed"), shortStep, 1, "reconcile_failed"],
        [failure("source_unavailable"), load, 1, "source_unavailable"],
        [failure("source_refused"), load, 1, "source_refused"],
        [new TypeError("bug"), load, 1, "internal"],
      ];
      for (const [thrown, options, attempts, code] of cases) {
        let made = 0;
        const { engine, states } = make({
          async publish() {
            made++;
            throw thrown;
          },
        });
        const { output, error } = await engine.run("publish", null, { runId: "r" }, options);
        assert.deepEqual([made, output, error?.code], [attempts, null, code]);
        assert.deepEqual(states.at(-1), ["publish", "Failed", attempts]);
      }
    });

    it("gives output and error of a step that failed after its work was done", async () => {
      const failed = { code: "dbt_failed", message: "m", data: "d", next: "n" } as const;
      const { engine, states } = make({ publish: async () => ({ output: published, failed }) });
      const { output, error } = await engine.run("publish", null, { runId: "r" }, shortStep);
      assert.deepEqual([output, error], [published, failed]);
      assert.deepEqual(states.at(-1), ["publish", "Failed", 1]);
    });

    it("ends a step that takes too long", async () => {
      const { engine, states } = make({ publish: (_, { signal }) => untilAborted(signal) });
      const { error } = await engine.run("publish", null, { runId: "r" }, { ...shortStep, timeoutMs: 20 });
      assert.equal(error?.code, "timed_out");
      assert.deepEqual(states.at(-1), ["publish", "TimedOut", 1]);
    });

    it("ends all steps with the reason of the run's signal, and starts none after it", async () => {
      const controller = new AbortController();
      let started = 0;
      const { engine, states } = make(
        {
          publish(_, { signal }) {
            started++;
            return untilAborted(signal);
          },
        },
        controller.signal,
      );
      const running = ["a", "b"].map((key) => engine.run("publish", keyOf(key), { runId: "r" }, load));
      while (started < 2) await Promise.resolve();
      controller.abort(new PipelineError({ code: "cancelled", message: "m", data: "d", next: "n" }));
      for (const { output, error } of await Promise.all(running)) {
        assert.deepEqual([output, error?.code], [null, "cancelled"]);
      }
      const { error } = await engine.run("publish", keyOf("c"), { runId: "r" }, load);
      assert.deepEqual([error?.code, started], ["cancelled", 2]);
      assert.deepEqual(states.slice(2), [
        ["publish[a]", "Cancelled", 1],
        ["publish[b]", "Cancelled", 1],
        ["publish[c]", "Cancelled", 1],
      ]);
    });

    it("begins steps in the order in which they are asked for", async () => {
      const begun: string[] = [];
      const { engine } = make({
        async publish({ runId }) {
          begun.push(runId);
          return published;
        },
      });
      const asked = ["c", "a", "b"];
      await Promise.all(asked.map((runId) => engine.run("publish", keyOf(runId), { runId }, shortStep)));
      assert.deepEqual(begun, asked);
    });

    it("answers a step that only looks something up also when the run is over", async () => {
      const handlers: Partial<Handlers> = {
        find_pending_build: async () => ({ isPending: false, reason: "nothing new" }),
      };
      const { engine } = make(handlers, AbortSignal.abort(failure("source_unavailable")));
      const { output, error } = await engine.run("find_pending_build", null, {}, shortStep);
      assert.deepEqual([output?.reason, error], ["nothing new", null]);
    });

    it("runs steps side by side, and the failure of one touches no other", async () => {
      const { engine } = make({
        async publish({ runId }) {
          if (runId === "bad") throw failure("source_refused");
          return { ...published, snapshot: runId };
        },
      });
      const results = await Promise.all(
        ["one", "bad", "two"].map((runId) => engine.run("publish", keyOf(runId), { runId }, shortStep)),
      );
      assert.deepEqual(
        results.map(({ output, error }) => output?.snapshot ?? error?.code),
        ["one", "source_refused", "two"],
      );
    });

    it("records a step that is skipped, and no step that only looks something up", async () => {
      const { engine, states } = make({
        find_pending_build: async () => ({ isPending: false, reason: "nothing new" }),
      });
      engine.skip("publish", null, "nothing was loaded");
      const { output } = await engine.run("find_pending_build", null, {}, shortStep);
      assert.deepEqual([output?.reason, states], ["nothing new", [["publish", "Skipped", 0]]]);
    });

    it("hands a build's announcement on, and survives what goes wrong there", async () => {
      const hints: unknown[] = [];
      const { engine } = make({
        async prepareBuild(hint) {
          hints.push(hint);
          throw new Error("no Python");
        },
      });
      await engine.announce("run_dbt_models", { companies: ["a"], lastIndexed: null });
      await engine.announce("run_dbt_models", null);
      assert.deepEqual(hints, [{ companies: ["a"], lastIndexed: null }, null]);
    });

    it("brings a company's files from the one half to the other, in order and with their evidence", async () => {
      const done: string[] = [];
      const { engine } = make({
        extract_and_load_complaints: {
          async *extract({ scope }) {
            for (const page of [1, 2]) {
              done.push(`land ${page}`);
              yield { path: `/${scope.id}/${page}`, format: "search-json", rows: 1, bytes: 2, sha256: "ab" };
            }
            return { expected: 2, lastIndexed: "i", askedOn: "2026-01-03" };
          },
          async load(_, files) {
            let file = await files.next();
            for (; !file.done; file = await files.next()) done.push(`stage ${file.value.path}`);
            done.push(`merge ${file.value.expected} as of ${file.value.lastIndexed}`);
            return loaded;
          },
          discard: async () => void done.push("discard"),
        },
      });
      const { output } = await engine.run("extract_and_load_complaints", keyOf("a"), request, load);
      assert.deepEqual(output, loaded);
      const staged = done.filter((one) => !one.startsWith("land"));
      assert.deepEqual(staged, ["stage /a/1", "stage /a/2", "merge 2 as of i", "discard"]);
    });

    it("discards the files of every attempt of a load, and starts both halves again", async () => {
      const done: string[] = [];
      const { engine } = make({
        extract_and_load_complaints: {
          // biome-ignore lint/correctness/useYield: a source that fails before its first file
          async *extract(_, { attempt }) {
            done.push(`extract ${attempt}`);
            if (attempt === 1) throw failure("reconcile_failed");
            return { expected: 0, lastIndexed: null, askedOn: "2026-01-03" };
          },
          async load(_, files) {
            while (!(await files.next()).done);
            return loaded;
          },
          discard: async () => void done.push("discard"),
        },
      });
      const { error } = await engine.run("extract_and_load_complaints", keyOf("a"), request, load);
      assert.deepEqual([error, done], [null, ["extract 1", "discard", "extract 2", "discard"]]);
    });
  });
}
