import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PipelineError } from "../run/errors.ts";
import type { Snapshot } from "./current.ts";
import type { ChildSetup, Column, ResultEnd, SqlRequest, SqlResponse, Value } from "./protocol.ts";

export type { Column, Value };

export type SqlLimits = { timeoutMs: number; memoryMegabytes: number; threads: number };

/** Receives a result as it comes; what it returns is waited for. */
export type Receiver = {
  columns(columns: readonly Column[]): void | Promise<void>;
  rows(rows: readonly Value[][]): void | Promise<void>;
};

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Runs SQL that somebody typed on a snapshot, in a child process that is killed at its limits. One statement at a time. */
export class SqlSession {
  readonly #snapshot: Snapshot;
  readonly #limits: SqlLimits;
  readonly #failed = new WeakMap<Child, Error>();
  #child: { process: Child; answers: AsyncGenerator<SqlResponse, void, void> } | undefined;

  constructor(snapshot: Snapshot, limits: SqlLimits) {
    this.#snapshot = snapshot;
    this.#limits = limits;
  }

  /**
   * Resolves with whether there are more rows than `maxRows` or `maxBytes`. The time limit counts while the child is waited for, not while
   * the receiver takes what has come. Rejects with `sql_refused`, `sql_failed`, `sql_timeout`,
   * `sql_memory`, or with the signal's reason; the session can be used again after each of them.
   */
  async query(request: SqlRequest, receiver: Receiver, signal: AbortSignal): Promise<ResultEnd> {
    signal.throwIfAborted();
    const { folder } = this.#snapshot;
    this.#child ??= this.#start();
    const { process: child, answers } = this.#child;
    let timedOut = false;
    const kill = () => void child.kill("SIGKILL");
    let leftMs = this.#limits.timeoutMs;
    const nextAnswer = async () => {
      const started = performance.now();
      const timer = setTimeout(() => {
        timedOut = true;
        kill();
      }, leftMs);
      try {
        return await answers.next();
      } finally {
        clearTimeout(timer);
        leftMs -= performance.now() - started;
      }
    };
    signal.addEventListener("abort", kill, { once: true });
    try {
      (child as Partial<Child>).stdin?.write(`${JSON.stringify(request)}\n`);
      for (let next = await nextAnswer(); !next.done; next = await nextAnswer()) {
        const answer = next.value;
        if ("columns" in answer) await receiver.columns(answer.columns);
        else if ("rows" in answer) await receiver.rows(answer.rows);
        else if ("end" in answer) return answer.end;
        else throw answer.error.kind === "refused" ? refused(answer.error.message) : failed(answer.error.message);
      }
      this.#child = undefined;
      signal.throwIfAborted();
      if (timedOut) throw tooLong(this.#limits.timeoutMs);
      const notStarted = this.#failed.get(child);
      if (notStarted !== undefined) throw snapshotGone(folder, notStarted);
      const code = await exitOf(child);
      // Nobody else kills it: it was its own watch over its memory.
      throw code === "SIGKILL" ? tooLarge(this.#limits.memoryMegabytes) : failed(`its process ended (${String(code)})`);
    } catch (error) {
      // An answer that was not read to its end would be taken for the next one's.
      if (!(error instanceof PipelineError && /^sql_(refused|failed)$/.test(error.code))) await this.close();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }

  async close(): Promise<void> {
    const child = this.#child?.process;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    await exitOf(child);
  }

  #start() {
    const { folder, manifest } = this.#snapshot;
    const { memoryMegabytes, threads } = this.#limits;
    const tables = manifest.tables.map(({ name, file }) => ({ name, file }));
    const setup: ChildSetup = { tables, memoryMegabytes, threads };
    const script = import.meta.url.endsWith(".ts") ? "./sql-child.ts" : "./sql-child.js";
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, [path, JSON.stringify(setup)], {
      env: {},
      cwd: folder,
      // A group of its own: Ctrl-C in a terminal is ours to act on.
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    });
    // Its folder may be gone: snapshots are kept for a week. Whoever asks hears of it by the end of its answers.
    child.on("error", (error) => this.#failed.set(child, error));
    // Where the system has no descriptors left there are no pipes either.
    const { stdin, stdout } = child as Partial<Child>;
    stdin?.on("error", () => undefined); // a child that is gone says so by its end
    return { process: child, answers: answersOf(stdout ?? Readable.from([])) };
  }
}

/** Lines of the child, read no faster than they are used. */
async function* answersOf(output: Readable): AsyncGenerator<SqlResponse, void, void> {
  // Of a line that is not whole yet: joined once, when it ends.
  let pieces: string[] = [];
  output.setEncoding("utf8");
  for await (const chunk of output) {
    const [first = "", ...others] = String(chunk).split("\n");
    pieces.push(first);
    for (const piece of others) {
      yield JSON.parse(pieces.join("")) as SqlResponse;
      pieces = [piece];
    }
  }
}

function exitOf(child: Child): Promise<number | string | null> {
  // One that was never started has no end to wait for.
  if (child.pid === undefined) return Promise.resolve(null);
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? child.signalCode);
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
}

/** The child could not be started in the folder of its snapshot. */
function snapshotGone(folder: string, cause: Error): PipelineError {
  const isGone = !existsSync(folder);
  return new PipelineError(
    {
      code: isGone ? "nothing_published" : "sql_failed",
      message: isGone
        ? `The snapshot ${folder} is not there any more.`
        : `The process that runs SQL could not be started (${(cause as NodeJS.ErrnoException).code}).`,
      data: "Nothing was read or changed.",
      next: isGone
        ? "Ask again, in a new shell where this is one: the newest snapshot is read then. If there is none, publish one with: pipeline run"
        : "Try again in a moment. If it stays, look at the limits of this user (ulimit -a).",
    },
    { cause },
  );
}

const unchanged = "Nothing was changed: SQL only reads the published snapshot.";

function refused(message: string): PipelineError {
  return new PipelineError({
    code: "sql_refused",
    message: `The SQL was not run: ${message}.`,
    data: unchanged,
    next: "Write one SELECT over the published tables; list them with: pipeline sql 'show tables'",
  });
}

function failed(message: string): PipelineError {
  return new PipelineError({
    code: "sql_failed",
    message: `The SQL could not be carried out: ${message.trim()}`,
    data: unchanged,
    next: "Change the statement; the columns of a table: pipeline sql 'describe fct_complaints'",
  });
}

function tooLong(timeoutMs: number): PipelineError {
  return new PipelineError({
    code: "sql_timeout",
    message: `The SQL was not done within ${timeoutMs / 1000} s and was stopped.`,
    data: unchanged,
    next: "Ask for less, or give it more time with --timeout.",
  });
}

function tooLarge(megabytes: number): PipelineError {
  return new PipelineError({
    code: "sql_memory",
    message: `The SQL needed more than ${megabytes} MB of memory and was stopped.`,
    data: unchanged,
    next: "Ask for less, or give it more with --memory.",
  });
}
