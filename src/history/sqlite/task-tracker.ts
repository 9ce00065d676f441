import type { RunEvent } from "../../run/events.ts";
import { type State, transition } from "../../run/states.ts";
import type { Statements } from "./statements.ts";

/** A write of the run with this number. */
export type Write = (statements: Statements, runNo: number) => void;

/** What is known of a task while it runs. */
type Task = {
  state: State;
  attempts: number;
  rows: number;
  bytes: number;
  requests: number;
  waitedMs: number;
  throttled: number;
  /** CPU of the process when it began, and the largest memory since. */
  cpuAtStart: number;
  peakRss: number;
};

/** dbt's own process says what it used. */
export const dbtTask = "run_dbt_models";

/** Keeps count of the tasks of a run, and writes what becomes of them. */
export class TaskTracker {
  readonly #write: (write: Write) => void;
  readonly #tasks = new Map<string, Task>();

  constructor(write: (write: Write) => void) {
    this.#write = write;
  }

  /** A task has another state. `at` is epoch milliseconds. */
  changed(event: RunEvent & { type: "task.state" }, at: number): void {
    const { task: name, step = null, company = null, scope = null, attempt, reason = null } = event;
    const error = event.error === undefined ? null : JSON.stringify(event.error);
    const known = this.#tasks.get(name);
    const task = known ?? {
      state: "Pending",
      attempts: 0,
      rows: 0,
      bytes: 0,
      requests: 0,
      waitedMs: 0,
      throttled: 0,
      cpuAtStart: cpuMs(),
      peakRss: 0,
    };
    this.#tasks.set(name, task);
    task.state = transition(task.state, event.state);
    // What is cancelled before it began has no attempt.
    if (event.state === "Running") task.attempts = attempt;
    const { state, attempts } = task;
    const position = this.#tasks.size;
    const isOver = event.state !== "Running" && event.state !== "Retrying";
    this.#write((statements, no) => {
      statements.task.run(
        no,
        position,
        name,
        step,
        company,
        scope,
        state,
        attempts,
        at,
        isOver ? at : null,
        reason,
        error,
      );
      if (event.state === "Running") statements.attempt.run(no, name, attempt, "Running", at);
      else if (isOver && attempt > 0) statements.attemptOver.run(event.state, at, error, null, no, name, attempt);
    });
    if (isOver && attempt > 0 && name !== dbtTask) {
      const used = [cpuMs() - task.cpuAtStart, Math.max(task.peakRss, process.memoryUsage.rss())] as const;
      this.#write((statements, no) => statements.taskUsage.run(...used, no, name));
    }
  }

  /** An attempt has failed, and another one follows. */
  attemptFailed({ task, attempt, waitMs, error, at }: RunEvent & { type: "task.retry" }): void {
    this.#write((statements, no) =>
      statements.attemptOver.run("Failed", Date.parse(at), JSON.stringify(error), waitMs, no, task, attempt),
    );
  }

  /** Counts rows, bytes, requests, waits and refusals of a task. */
  count(name: string, event: RunEvent): void {
    const task = this.#tasks.get(name);
    if (task === undefined) return;
    if (event.type === "page.landed") {
      task.rows = (event.page === 1 ? 0 : task.rows) + event.rows;
      task.bytes += event.bytes;
    } else if (event.type === "landed.reused") task.rows = event.rows;
    else if (event.type === "source.request") task.requests++;
    else if (event.type === "source.waited") task.waitedMs += event.ms;
    else if (event.type === "source.answered" && event.status === 429) task.throttled++;
    else return;
    const { rows, bytes, requests, waitedMs, throttled } = task;
    this.#write((statements, no) => statements.taskCounts.run(rows, bytes, requests, waitedMs, throttled, no, name));
  }

  /** The memory of the process is `rss` bytes now. */
  sampled(rss: number): void {
    for (const task of this.#tasks.values()) if (task.state === "Running") task.peakRss = Math.max(task.peakRss, rss);
  }
}

/** CPU that this process has used so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}
