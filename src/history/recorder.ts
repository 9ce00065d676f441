import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { exitCodeOf } from "../pipeline/errors.ts";
import type { RunEvent, State } from "../pipeline/events.ts";
import { levelOf, levels } from "../pipeline/log-level.ts";
import { changedRows } from "../pipeline/reconcile.ts";
import type { RunReport } from "../pipeline/report.ts";
import { after } from "../pipeline/run-state.ts";
import { openHistory } from "./database.ts";
import { keepDays, keepRuns } from "./retention.ts";
import { insertRun, type NewRun, prepareStatements, type Statements } from "./statements.ts";

export type RecorderOptions = {
  path: string;
  /** Told once, when the history cannot be written any more: the run goes on without it (invariant 10). */
  warn(message: string): void;
  /** Told when somebody asked for the run to be cancelled. */
  onCancel(): void;
};

/** Milliseconds that a write waits for another process' write; what is kept waiting is written later. */
const patienceMs = 20;
const pollMs = 250;
const heartbeatMs = 5000;
const sampleMs = 1000;
/** Its work is done by another process, which says itself what it used. */
const dbtTask = "run_dbt_models";
/** Writes that may wait for a lock; more than a whole run has. */
const mostWaiting = 100_000;

type Write = (statements: Statements, runNo: number) => void;
type Task = {
  state: State;
  attempts: number;
  rows: number;
  bytes: number;
  requests: number;
  waitedMs: number;
  /** CPU of the process when it began, and the largest memory since. */
  cpuAtStart: number;
  peakRss: number;
};

/**
 * Writes a run into the history while it happens. Nothing that fails here reaches the run. Where there is no history yet, it is
 * made when the run's windows are known: what is refused for its settings leaves nothing behind.
 */
export class Recorder {
  readonly #run: NewRun;
  readonly #options: RecorderOptions;
  /** What happened before there was a file; undefined once it is open, or given up. */
  #early: RunEvent[] | undefined;
  #database: DatabaseSync | undefined;
  #statements: Statements | undefined;
  #runNo = 0;
  #seq = 0;
  #state: State = "Running";
  readonly #tasks = new Map<string, Task>();
  #queue: Write[] = [];
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(run: NewRun, options: RecorderOptions) {
    this.#run = run;
    this.#options = options;
    if (existsSync(options.path)) this.#begin();
    else this.#early = [];
  }

  #begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    try {
      this.#database = openHistory(this.#options.path, patienceMs);
      this.#statements = prepareStatements(this.#database);
      this.#runNo = insertRun(this.#database, this.#run);
      this.#every(pollMs, () => this.#lookForCancel());
      this.#every(heartbeatMs, () => this.#write((statements, no) => statements.heartbeat.run(Date.now(), no)));
      this.#every(sampleMs, () => this.#sample());
      for (const event of early) this.record(event);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Receives every event of the run. */
  record(event: RunEvent): void {
    if (this.#early !== undefined) {
      this.#early.push(event);
      if (event.type === "window.resolved") this.#begin();
      return;
    }
    if (this.#database === undefined) return;
    const at = Date.parse(event.at);
    const { runId: _, at: __, type, ...facts } = event;
    const task = "task" in event ? event.task : null;
    const seq = ++this.#seq;
    this.#write((statements, no) =>
      statements.log.run(no, seq, at, levels[levelOf(event)], task, type, JSON.stringify(facts)),
    );
    if (event.type === "task.state") this.#taskState(event, at);
    else if (event.type === "task.retry") this.#attemptFailed(event);
    else if (task !== null) this.#count(task, event);
    if (event.type === "dbt.node") {
      const { id, name, kind, status, durationMs, failures, message } = event.node;
      this.#write((statements, no) => statements.node.run(no, id, name, kind, status, durationMs, failures, message));
    }
    if (event.type === "dbt.usage") {
      const { cpuMs: cpu, peakRssBytes } = event;
      this.#write((statements, no) => statements.taskUsage.run(cpu, peakRssBytes, no, dbtTask));
    }
    if (event.type === "run.cancelling") this.#setState("Cancelling");
    this.#flush();
  }

  /** The run's end; what is still waiting for a lock is waited for a moment. */
  finish(report: RunReport): void {
    if (this.#early !== undefined) {
      if (report.error !== null && exitCodeOf(report.error.code) === 2) return;
      this.#begin();
    }
    this.#state = after(this.#state, report.state);
    const rows = report.companies.reduce((sum, { expected }) => sum + expected, 0);
    const changed = report.companies.reduce((sum, company) => sum + changedRows(company), 0);
    const { requests, bytes, error } = report;
    this.#sample();
    this.#write((statements, no) =>
      statements.finish.run(
        ...[this.#state, Date.parse(report.endedAt), rows, changed, requests, bytes],
        ...[error?.code ?? null, JSON.stringify(report), no],
      ),
    );
    this.#write((statements) => statements.prune.run(Date.now() - keepDays * 86_400_000, keepRuns));
    for (let tries = 0; tries < 50 && this.#queue.length > 0 && this.#database !== undefined; tries++) this.#flush();
    if (this.#queue.length > 0) this.#giveUp(new Error("another process holds it"));
  }

  /** Nothing more is recorded. */
  close(): void {
    this.#close();
  }

  #setState(to: State): void {
    this.#state = after(this.#state, to);
    const state = this.#state;
    this.#write((statements, no) => statements.state.run(state, no));
  }

  #taskState(event: RunEvent & { type: "task.state" }, at: number): void {
    const { task: name, attempt, reason = null } = event;
    const error = event.error === undefined ? null : JSON.stringify(event.error);
    const known = this.#tasks.get(name);
    const task = known ?? {
      state: "Pending",
      attempts: 0,
      rows: 0,
      bytes: 0,
      requests: 0,
      waitedMs: 0,
      cpuAtStart: cpuMs(),
      peakRss: 0,
    };
    this.#tasks.set(name, task);
    task.state = after(task.state, event.state);
    // What is cancelled before it began has no attempt.
    if (event.state === "Running") task.attempts = attempt;
    const { state, attempts } = task;
    const position = this.#tasks.size;
    const isOver = event.state !== "Running" && event.state !== "Retrying";
    this.#write((statements, no) => {
      statements.task.run(no, position, name, state, attempts, at, isOver ? at : null, reason, error);
      if (event.state === "Running") statements.attempt.run(no, name, attempt, "Running", at);
      else if (isOver && attempt > 0) statements.attemptOver.run(event.state, at, error, null, no, name, attempt);
    });
    if (isOver && attempt > 0 && name !== dbtTask) {
      const used = [cpuMs() - task.cpuAtStart, Math.max(task.peakRss, process.memoryUsage.rss())] as const;
      this.#write((statements, no) => statements.taskUsage.run(...used, no, name));
    }
  }

  #attemptFailed({ task, attempt, waitMs, error, at }: RunEvent & { type: "task.retry" }): void {
    this.#write((statements, no) =>
      statements.attemptOver.run("Failed", Date.parse(at), JSON.stringify(error), waitMs, no, task, attempt),
    );
  }

  #count(name: string, event: RunEvent): void {
    const task = this.#tasks.get(name);
    if (task === undefined) return;
    if (event.type === "page.landed") {
      task.rows = (event.page === 1 ? 0 : task.rows) + event.rows;
      task.bytes += event.bytes;
    } else if (event.type === "source.request") task.requests++;
    else if (event.type === "source.waited") task.waitedMs += event.ms;
    else return;
    const { rows, bytes, requests, waitedMs } = task;
    this.#write((statements, no) => statements.taskCounts.run(rows, bytes, requests, waitedMs, no, name));
  }

  #sample(): void {
    const rss = process.memoryUsage.rss();
    for (const task of this.#tasks.values()) if (task.state === "Running") task.peakRss = Math.max(task.peakRss, rss);
    const [at, cpu] = [Date.now(), cpuMs()];
    this.#write((statements, no) => statements.sample.run(no, at, cpu, rss));
  }

  #lookForCancel(): void {
    if (this.#statements?.cancelRequested.get(this.#runNo) !== undefined) this.#options.onCancel();
  }

  #write(write: Write): void {
    if (this.#database !== undefined) this.#queue.push(write);
  }

  /** All that an event brings is written in one transaction, at once: what a killed process has seen is there. */
  #flush(): void {
    if (this.#queue.length === 0) return;
    const [database, statements] = [this.#database, this.#statements];
    if (database === undefined || statements === undefined) return;
    try {
      database.exec("begin immediate");
      for (const write of this.#queue) write(statements, this.#runNo);
      database.exec("commit");
      this.#queue = [];
    } catch (error) {
      if (database.isTransaction) database.exec("rollback");
      const isBusy = (error as { errcode?: number }).errcode === 5;
      if (!isBusy || this.#queue.length > mostWaiting) this.#giveUp(error);
    }
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(() => {
      try {
        work();
        this.#flush();
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== 5) this.#giveUp(error);
      }
    }, ms);
    this.#timers.push(timer.unref());
  }

  #giveUp(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#queue = [];
    this.#close();
    this.#options.warn(
      `the run history ${this.#options.path} cannot be written (${message}); the run goes on without it`,
    );
  }

  #close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#database?.close();
    this.#database = undefined;
  }
}

/** CPU that this process has used so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}
