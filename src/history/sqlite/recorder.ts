import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import type { RunReport } from "../../pipeline/report/report.ts";
import { type ErrorFacts, exitCodeOf } from "../../run/errors.ts";
import type { RunEvent } from "../../run/events.ts";
import { levelOf, levels } from "../../run/log-level.ts";
import { type State, transition } from "../../run/states.ts";
import { isBusy, removeSqlite } from "../../sqlite/sqlite.ts";
import type { RecordOptions, RunRecorder } from "../history.ts";
import { leaseOf } from "../lease.ts";
import type { NewRun } from "../rows.ts";
import { crashEarlierHolders } from "./crashes.ts";
import { inodeOf, openHistory } from "./database.ts";
import { importEnded, saveEnded, tryToRecordRefusal } from "./ended.ts";
import { pruneSome } from "./retention.ts";
import { endedRunOf, finishValues, insertRun, prepareStatements, type RunEnd, type Statements } from "./statements.ts";
import { cpuMs, dbtTask, TaskTracker, type Write } from "./task-tracker.ts";

export type RecorderOptions = RecordOptions & { path: string };

/** Milliseconds that a write waits for another process' write; what is kept waiting is written later. */
const patienceMs = 20;
const usualEndPatienceMs = 30_000;
const retryMs = 50;
const pollMs = 250;
const heartbeatMs = 5000;
const sampleMs = 1000;
/** Writes that may wait for a lock; more than a whole run has. */
const mostWaiting = 100_000;

/**
 * Writes a run into the history while it happens, from the moment on at which it holds the warehouse. Nothing that fails here reaches the run
 * (invariant 10). A start that is refused is no run: nothing of it stays but, where somebody may have to look after it, the refusal.
 */
export class SqliteRecorder implements RunRecorder {
  readonly #run: NewRun;
  readonly #options: RecorderOptions;
  /** What happened before there was a row, or while another process kept the file; undefined once it is open, or given up. */
  #early: RunEvent[] | undefined = [];
  #begun = false;
  #refused = false;
  /** True once it was said that the history cannot be written. */
  #lost = false;
  /** What this run made: it goes again where the run is refused. */
  #made: string[] = [];
  #database: DatabaseSync | undefined;
  #statements: Statements | undefined;
  #runNo = 0;
  /** Which file it is written to. */
  #inode: number | null = null;
  #seq = 0;
  #state: State = "Running";
  readonly #tasks = new TaskTracker((write) => this.#write(write));
  #queue: Write[] = [];
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(run: NewRun, options: RecorderOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** The run holds the warehouse: from now on everybody can see it. */
  async begin(): Promise<void> {
    this.#begun = true;
    this.#every(pollMs, () => this.#lookForCancel());
    this.#every(heartbeatMs, () => this.#write((statements, no) => statements.heartbeat.run(Date.now(), no)));
    this.#every(sampleMs, () => this.#sample());
    this.#open();
  }

  /** Opens the file and adds the run, unless another process has the file just now: it is tried again with the next event. */
  #open(): void {
    const early = this.#early;
    if (early === undefined) return;
    const { path } = this.#options;
    if (this.#made.length === 0) this.#made = [path, dirname(path)].filter((made) => !existsSync(made));
    let database: DatabaseSync | undefined;
    try {
      database = openHistory(path, patienceMs);
      importEnded(database, path);
      crashEarlierHolders(database, this.#run.database, Date.now());
      this.#runNo = insertRun(database, this.#run, leaseOf(process.pid));
      this.#inode = inodeOf(path);
      this.#database = database;
      this.#statements = prepareStatements(database);
      this.#early = undefined;
      for (const event of early) void this.record(event);
    } catch (error) {
      if (this.#database === undefined) database?.close();
      if (!isBusy(error)) this.#giveUp(error);
    }
  }

  /** The run was refused for its settings before it did anything: it is removed, and the file too where it was made for it. A refusal may stay. */
  async refuse({ code, message, next }: ErrorFacts): Promise<void> {
    const { id, trigger } = this.#run;
    const { path } = this.#options;
    this.#early = undefined;
    this.#refused = true;
    this.#queue = [];
    this.#close();
    const refusal = { ...{ runId: id, at: Date.now(), trigger, code }, message, next };
    try {
      if (trigger !== "schedule" && this.#made.length > 0) this.#removeMade();
      else if (trigger !== "schedule" && !existsSync(path)) return;
      else if (!(await this.#untilDone(() => tryToRecordRefusal(path, refusal, patienceMs))))
        saveEnded(path, { refusal });
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #removeMade(): void {
    removeSqlite(this.#options.path);
    for (const folder of this.#made.slice(1)) if (readdirSync(folder).length === 0) rmdirSync(folder);
  }

  /** Receives every event of the run. */
  async record(event: RunEvent): Promise<void> {
    if (this.#early !== undefined) {
      this.#early.push(event);
      if (this.#begun) this.#open();
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
    if (event.type === "task.state") this.#tasks.changed(event, at);
    else if (event.type === "task.retry") this.#tasks.attemptFailed(event);
    else if (task !== null) this.#tasks.count(task, event);
    if (event.type === "dbt.node") {
      const { id, name, kind, status, durationMs, failures, message, model } = event.node;
      const checks = JSON.stringify(event.node.checks);
      this.#write((statements, no) =>
        statements.node.run(no, id, name, kind, status, durationMs, failures, message, model, checks),
      );
    }
    if (event.type === "dbt.usage") {
      const { cpuMs: cpu, peakRssBytes } = event;
      this.#write((statements, no) => statements.taskUsage.run(cpu, peakRssBytes, no, dbtTask));
    }
    if (event.type === "run.cancelling") {
      const state = transition(this.#state, "Cancelling");
      this.#state = state;
      this.#write((statements, no) => statements.state.run(state, no));
    }
    if (event.type === "window.resolved") this.#write((statements) => statements.forgetRefusals.run());
    this.#flush();
  }

  /**
   * The run's end. Where another process keeps the history for longer than anybody should, the end is left beside it: a run that ended well
   * must not be taken for one that crashed.
   */
  async finish(report: RunReport): Promise<void> {
    if (this.#refused) return;
    const { error } = report;
    if (!this.#begun) {
      // Another run has the warehouse: this one never was.
      if (error?.code === "warehouse_locked") return;
      if (error !== null && exitCodeOf(error.code) === 2) return this.refuse(error);
      await this.begin();
    }
    this.#state = transition(this.#state, report.state);
    const ended = endedRunOf(report, this.#state);
    const isOpen = await this.#untilDone(() => {
      this.#open();
      return this.#early === undefined;
    });
    this.#sample();
    this.#write((statements, no) => {
      statements.forgetRefusals.run();
      statements.finish.run(...finishValues(ended), no);
    });
    const isWritten =
      isOpen &&
      (await this.#untilDone(() => {
        this.#flush();
        return this.#queue.length === 0;
      }));
    // Whoever removed the file, or put another in its place, has the run's end beside it.
    const isInPlace = inodeOf(this.#options.path) === this.#inode;
    if (isWritten && isInPlace && this.#database !== undefined) return this.#prune();
    this.#leave(ended);
  }

  /** Tries something until it is done, or the end of a run has waited for long enough. */
  async #untilDone(attempt: () => boolean): Promise<boolean> {
    const { endPatienceMs = usualEndPatienceMs } = this.#options;
    for (const began = performance.now(); !attempt(); await setTimeout(retryMs)) {
      if (performance.now() - began > endPatienceMs) return false;
    }
    return true;
  }

  /** Removes a few of the runs whose time is over. */
  #prune(): void {
    try {
      pruneSome(this.#database!, this.#statements!.prune);
    } catch (error) {
      if (!isBusy(error)) this.#giveUp(error);
    }
  }

  #leave(ended: RunEnd): void {
    const { path } = this.#options;
    try {
      saveEnded(path, { run: this.#run, lease: leaseOf(process.pid), ended });
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    this.#queue = [];
    this.#close();
    if (this.#lost) return;
    this.#lost = true;
    this.#options.warn(
      `the run history ${path} could not be written at the end (another process holds it, or it failed before); the end of the run lies beside it and is read with the next look`,
    );
  }

  #sample(): void {
    const rss = process.memoryUsage.rss();
    this.#tasks.sampled(rss);
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
      if (!isBusy(error) || this.#queue.length > mostWaiting) this.#giveUp(error);
    }
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(() => {
      try {
        if (this.#early !== undefined) this.#open();
        work();
        this.#flush();
      } catch (error) {
        if (!isBusy(error)) this.#giveUp(error);
      }
    }, ms);
    this.#timers.push(timer.unref());
  }

  #giveUp(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#queue = [];
    this.#early = undefined;
    this.#close();
    if (this.#lost) return;
    this.#lost = true;
    this.#options.warn(
      `the run history ${this.#options.path} cannot be written (${message}); the run goes on without it`,
    );
  }

  /** Nothing more is recorded. */
  async close(): Promise<void> {
    this.#close();
  }

  #close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#database?.close();
    this.#database = undefined;
  }
}
