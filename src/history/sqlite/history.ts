import type { DatabaseSync } from "node:sqlite";
import { readReport } from "../../pipeline/report/report.ts";
import { minuteMs } from "../../pipeline/window/units.ts";
import { readErrorFacts } from "../../run/errors.ts";
import { type DbtNode, type EventFacts, keyOfTask, readEvent } from "../../run/events.ts";
import type { State } from "../../run/states.ts";
import type { History } from "../history.ts";
import type { Lease } from "../lease.ts";
import type {
  AttemptRow,
  DeliveryRow,
  EndedRow,
  Landing,
  LogFilter,
  LogLine,
  RefusedStart,
  ResourceUsage,
  RunDetail,
  RunFilter,
  RunRow,
  TaskRow,
  TaskTime,
} from "../rows.ts";
import { findCrashed } from "./crashes.ts";
import { type OpenHistory, openExistingHistory } from "./database.ts";
import { oldRuns } from "./retention.ts";
import { isOpen } from "./statements.ts";
import { endedRuns, newestLandings, startedSince, taskTimesSince } from "./statistics.ts";

/** Milliseconds without a heartbeat that are worth saying; it comes every five seconds. */
const unheardMs = minuteMs;

const columns = `no, id, name, state, trigger, started_at as startedAt, ended_at as endedAt, as_of as asOf, source, database, rows, changed,
  requests, bytes, error_code as errorCode, case when ${isOpen} and heartbeat_at < unixepoch() * 1000 - ${unheardMs} then heartbeat_at end as unheardSince`;

/** What the runs of a home did. Opening it says Crashed of every run whose process is gone. */
export class SqliteHistory implements History {
  readonly place: string;
  /** True where the file cannot be written: it is read as it is, and what was written last may be missing. */
  readonly isStale: boolean;
  readonly #database: DatabaseSync;

  private constructor(path: string, { database, isStale }: OpenHistory) {
    this.place = path;
    this.isStale = isStale;
    this.#database = database;
  }

  /** Null where nothing was ever run. */
  static open(path: string): SqliteHistory | null {
    const opened = openExistingHistory(path);
    if (opened === null) return null;
    const history = new SqliteHistory(path, opened);
    history.#findCrashed();
    return history;
  }

  close(): void {
    this.#database.close();
  }

  /** Runs that say they are running and whose process is gone become Crashed. */
  async findCrashed(): Promise<void> {
    this.#findCrashed();
  }

  #findCrashed(): void {
    if (!this.isStale) findCrashed(this.#database, this.place);
  }

  async list({ states: wanted, trigger, since, before, limit }: RunFilter): Promise<RunRow[]> {
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...some: (string | number)[]) => {
      conditions.push(condition);
      values.push(...some);
    };
    if (wanted !== undefined && wanted.length > 0) add(`state in (${marks(wanted)})`, ...wanted);
    if (trigger !== undefined) add("trigger = ?", trigger);
    if (since !== undefined) add(startedSince, since, since);
    if (before !== undefined) add("no < ?", before);
    const where = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
    return this.#all<RunRow>(`select ${columns} from runs ${where} order by no desc limit ?`, [...values, limit]);
  }

  /** Runs whose id or name begins with a text, newest first; the newest one where it is empty. */
  async find(text: string): Promise<RunRow[]> {
    if (text === "") return this.list({ limit: 1 });
    // A range, so that the index finds it: no letter sorts after the last code point.
    const end = `${text}\u{10FFFF}`;
    const found = this.#all<RunRow>(
      `select ${columns} from runs where no in
         (select no from runs where id >= ? and id < ? union select no from runs where name >= ? and name < ?)
       order by no desc limit 20`,
      [text, end, text, end],
    );
    const exact = found.filter(({ id, name }) => id === text || name === text);
    return exact.length > 0 ? exact : found;
  }

  async inspect(no: number): Promise<RunDetail> {
    const [row] = this.#all<RunRow & Lease & { settings: string; report: string | null }>(
      `select ${columns}, settings, report, host, namespace, pid, process_started as processStarted, boot from runs where no = ?`,
      [no],
    );
    const { settings, report, host, namespace, pid, processStarted, boot, ...run } = row!;
    const [usage] = this.#all<{ cpuMs: number | null; peakRss: number }>(
      "select max(cpu_ms) as cpuMs, max(rss) as peakRss from samples where run_no = ?",
      [no],
    );
    return {
      ...run,
      settings: JSON.parse(settings) as Record<string, unknown>,
      lease: { host, namespace, pid, processStarted, boot },
      tasks: this.#all<TaskRow & { error: string | null }>(
        `select name, step, company, scope, state, attempts, started_at as startedAt, ended_at as endedAt, reason, error, rows, bytes, requests,
           waited_ms as waitedMs, throttled, cpu_ms as cpuMs, peak_rss as peakRss from tasks where run_no = ? order by position`,
        [no],
      )
        // A process of an earlier version, which is still under way, does not write the step.
        .map((task) => (task.step === null ? { ...task, ...keyOfTask(task.name) } : task))
        .map(withError),
      attempts: this.#all<AttemptRow & { error: string | null }>(
        `select task, number, state, started_at as startedAt, ended_at as endedAt, wait_ms as waitMs, error
         from attempts where run_no = ? order by started_at, task, number`,
        [no],
      ).map(withError),
      nodes: this.#all<DbtNode & { checks: string }>(
        `select id, name, kind, status, duration_ms as durationMs, failures, message, model, checks
         from dbt_nodes where run_no = ? order by id`,
        [no],
      ).map((node) => ({ ...node, checks: JSON.parse(node.checks) as DbtNode["checks"] })),
      notices: this.#all<DeliveryRow>(
        `select kind, channel, state, attempts, error from notices join deliveries on notice_no = no
         where run_no = ? order by no, channel`,
        [no],
      ),
      usage: usage?.cpuMs == null ? null : { cpuMs: usage.cpuMs, peakRss: usage.peakRss },
      report: report === null ? null : readReport(report),
    };
  }

  /** Events of a run in their order. */
  async logs(
    run: Pick<RunRow, "no" | "id">,
    { task, level = 0, since = 0, after = 0, search, limit }: LogFilter,
  ): Promise<LogLine[]> {
    const rows = this.#all<{ seq: number; level: number; at: number; type: string; event: string }>(
      `select seq, level, at, type, event from logs where run_no = ? and seq > ? and level >= ? and at >= ?
         ${task === undefined ? "" : "and task = ?"}
         ${search === undefined ? "" : "and instr(lower(type || ' ' || coalesce(task, '') || ' ' || event), lower(?)) > 0"}
         order by seq limit ?`,
      [
        ...[run.no, after, level, since],
        ...(task === undefined ? [] : [task]),
        ...(search === undefined ? [] : [search]),
        limit,
      ],
    );
    return rows.map(({ seq, level: found, at, type, event }) => {
      const facts = readEvent({ type, ...(JSON.parse(event) as object) } as EventFacts);
      return { seq, level: found, event: { ...facts, runId: run.id, at: new Date(at).toISOString() } };
    });
  }

  /** Lines of a run; they are numbered from 1 without a gap. */
  async lineCount(no: number): Promise<number> {
    return this.#all<{ last: number | null }>("select max(seq) as last from logs where run_no = ?", [no])[0]?.last ?? 0;
  }

  async samples(no: number): Promise<ResourceUsage[]> {
    return this.#all("select at, cpu_ms as cpuMs, rss from samples where run_no = ? order by at", [no]);
  }

  /** Runs by state, over all that is kept. */
  async countByState(): Promise<{ state: State; runs: number }[]> {
    return this.#all("select state, count(*) as runs from runs group by state", []);
  }

  /** Notices that have not reached somebody. */
  async undelivered(): Promise<{ kind: string; channel: string; error: string | null }[]> {
    return this.#all(
      "select kind, channel, error from deliveries join notices on no = notice_no where state = 'pending' and attempts > 0 limit 20",
      [],
    );
  }

  /** Another text after every change, whoever made it. */
  async version(): Promise<string> {
    const [row] = this.#all<{ data_version: number }>("pragma data_version", []);
    const [own] = this.#all<{ changes: number }>("select total_changes() as changes", []);
    return `${row?.data_version} ${own?.changes}`;
  }

  /** The state of a run as it is now. */
  async stateOf(no: number): Promise<State> {
    this.#findCrashed();
    return this.#all<{ state: State }>("select state from runs where no = ?", [no])[0]!.state;
  }

  /** Asks a run to stop: it looks several times a second. */
  async requestCancel(no: number): Promise<void> {
    this.#database
      .prepare(
        "update runs set cancel_requested_at = ?, state = 'Cancelling' where no = ? and state in ('Pending', 'Running', 'Retrying')",
      )
      .run(Date.now(), no);
  }

  /**
   * Ended runs that started before a time, or are beyond the newest so many, are removed with all they have. A few at a time: a run that
   * ends meanwhile has its turn between them. The file gets smaller by what they took.
   */
  async prune({ before, keep }: { before: number; keep: number }): Promise<number> {
    const some = this.#database.prepare(
      `delete from runs where no in (select no from (${oldRuns}) order by no limit 10)`,
    );
    let removed = 0;
    for (let changes = -1; changes !== 0; removed += changes) changes = Number(some.run(before, keep).changes);
    if (removed > 0) this.#shrink();
    return removed;
  }

  /** The start that was refused since a run last held the warehouse; null where none was. */
  async refusal(): Promise<RefusedStart | null> {
    const [found] = this.#all<RefusedStart>(
      "select run_id as runId, at, trigger, code, message, next from refusals order by at desc limit 1",
      [],
    );
    return found ?? null;
  }

  #shrink(): void {
    const [mode] = this.#all<{ auto_vacuum: number }>("pragma auto_vacuum", []);
    if (mode?.auto_vacuum === 2) {
      // It takes a step for each page that it gives back.
      this.#database.prepare("pragma incremental_vacuum").all();
    } else if (this.#all(`select 1 from runs where ${isOpen} limit 1`, []).length === 0) {
      // A file of an earlier version is written anew, which no run may wait for.
      this.#database.exec("pragma auto_vacuum = incremental; vacuum");
    }
  }

  /** Ended runs since a time (epoch milliseconds), newest first, as far as statistics need them. */
  async ended(since: number): Promise<EndedRow[]> {
    return endedRuns(this.#database, since);
  }

  /** The median time of each task of completed runs since a time; of loads, over all companies. */
  async landings(source: string): Promise<Landing[]> {
    return newestLandings(this.#database, source);
  }

  async taskTimes(since: number): Promise<TaskTime[]> {
    return taskTimesSince(this.#database, since);
  }

  #all<T>(sql: string, values: readonly (string | number)[]): T[] {
    return this.#database.prepare(sql).all(...values) as T[];
  }
}

const marks = (values: readonly unknown[]) => values.map(() => "?").join(", ");

function withError<T extends { error: string | null }>(row: T): T & { error: TaskRow["error"] } {
  return { ...row, error: row.error === null ? null : readErrorFacts(JSON.parse(row.error)) } as T & {
    error: TaskRow["error"];
  };
}
