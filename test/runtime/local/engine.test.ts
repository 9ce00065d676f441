import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PipelineError } from "../../../src/run/errors.ts";
import type { EventFacts } from "../../../src/run/events.ts";
import { systemClock } from "../../../src/runtime/local/clock.ts";
import { LocalEngine } from "../../../src/runtime/local/engine.ts";

const policy = { retries: 2, delayMs: 1, longestMs: 10 };

function engine(signal = new AbortController().signal) {
  const states: unknown[] = [];
  const report = (event: EventFacts) => {
    if (event.type === "task.state") states.push([event.task, event.state, event.attempt]);
  };
  return { states, engine: new LocalEngine({ signal, report, clock: systemClock, policy }) };
}

/** A body that ends only by its signal. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("the local engine", () => {
  it("tells the states of a task", async () => {
    const { engine: tasks, states } = engine();
    assert.equal(await tasks.run("t", { timeoutMs: 1000 }, async ({ attempt }) => attempt), 1);
    tasks.skip("u", "nothing to do");
    assert.deepEqual(states, [
      ["t", "Running", 1],
      ["t", "Completed", 1],
      ["u", "Skipped", 0],
    ]);
  });

  it("ends a task that takes too long, its waits between attempts included", async () => {
    const { engine: tasks, states } = engine();
    const body = ({ signal }: { signal: AbortSignal }) => untilAborted(signal);
    await assert.rejects(tasks.run("t", { timeoutMs: 20 }, body), { code: "timed_out" });
    assert.deepEqual(states.at(-1), ["t", "TimedOut", 1]);
  });

  it("ends all tasks with the reason of the run's signal", async () => {
    const controller = new AbortController();
    const { engine: tasks, states } = engine(controller.signal);
    const reason = new PipelineError({ code: "cancelled", message: "w", data: "d", next: "n" });
    const running = ["a", "b"].map((name) =>
      tasks.run(name, { timeoutMs: 10_000 }, ({ signal }) => untilAborted(signal)),
    );
    controller.abort(reason);
    for (const task of running) await assert.rejects(task, { code: "cancelled" });
    assert.deepEqual(states.slice(2), [
      ["a", "Cancelled", 1],
      ["b", "Cancelled", 1],
    ]);
  });
});
