import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isForbidden } from "../files/private-file.ts";
import { minuteMs } from "../pipeline/window/units.ts";
import { PipelineError } from "../run/errors.ts";
import { NewerSchemaError, openReadOnly, openSqlite, transaction } from "../sqlite/sqlite.ts";
import { cronTimes } from "./cron.ts";
import { dueSlots, type Schedule } from "./due.ts";

/** What became of a due time; `missed` when no server was up, `skipped` when another run was under way. */
type SlotState = "due" | "started" | "ended" | "skipped" | "missed";

/** What became of a time at which a schedule was due. */
export type Slot = {
  schedule: string;
  dueAt: number;
  startAt: number;
  state: SlotState;
  startedAt: number | null;
  starter: Starter | null;
  runId: string | null;
  exitCode: number | null;
};

/** The process that started a slot's run. */
export type Starter = {
  pid: number;
  processStarted: string | null;
  boot: string | null;
  host: string;
  /** Left out of slots before this version. */
  namespace?: string | null;
};

type SlotKey = Pick<Slot, "schedule" | "dueAt">;

/** Milliseconds that a statement waits for another process' write. */
const patienceMs = 5000;
/** Milliseconds that a clock is set back by without having been wrong. */
const backMs = minuteMs;
/** Slots of a schedule that are kept. */
const keptSlots = 1000;

const slotColumns = `schedule, due_at as dueAt, start_at as startAt, state, started_at as startedAt, starter, run_id as runId,
  exit_code as exitCode`;

/** The schedules of a home, and the times at which they were due. Several processes may have it open. */
const migrations = new URL("./migrations/", import.meta.url);

export class ScheduleStore {
  readonly #path: string;
  readonly #patienceMs: number;
  #opened: { database: DatabaseSync; inode: number | undefined };

  private constructor(path: string, database: DatabaseSync, patienceMs: number) {
    this.#path = path;
    this.#patienceMs = patienceMs;
    this.#opened = { database, inode: inodeOf(path) };
  }

  /** The file that is at the path now: a restore may have put another one there. */
  get #database(): DatabaseSync {
    if (this.#opened.inode !== inodeOf(this.#path)) {
      this.close();
      const database = openSqlite(this.#path, migrations, this.#patienceMs);
      this.#opened = { database, inode: inodeOf(this.#path) };
    }
    return this.#opened.database;
  }

  /** False where the file was taken away: then there are no schedules, and none is made by looking. */
  isThere(): boolean {
    return inodeOf(this.#path) !== undefined;
  }

  /** The file that a home's schedules are kept in. */
  static fileOf(home: string): string {
    return join(home, "schedule.sqlite");
  }

  /** Throws `schedule_failed` where the file cannot be used. */
  static open(path: string, waitMs = patienceMs): ScheduleStore {
    try {
      return new ScheduleStore(path, openSqlite(path, migrations, waitMs), waitMs);
    } catch (error) {
      throw unusable(path, error);
    }
  }

  /** Null where nothing was ever scheduled. */
  static openExisting(path: string): ScheduleStore | null {
    if (!existsSync(path)) return null;
    try {
      return ScheduleStore.open(path);
    } catch (error) {
      // To read it, neither room nor rights to write are needed.
      const database = openReadOnly(path, migrations, (error as Error).cause);
      if (database === null) throw error;
      return new ScheduleStore(path, database, patienceMs);
    }
  }

  close(): void {
    if (this.#opened.database.isOpen) this.#opened.database.close();
  }

  /** Adds a schedule; false where the name is taken. */
  add(schedule: Schedule): boolean {
    const { name, cron, timezone, catchUp, overlap, jitterSeconds, lateAfterMinutes, runOptions } = schedule;
    const { changes } = this.#database
      .prepare("insert or ignore into schedules values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(
        ...[name, cron, timezone, catchUp, overlap, jitterSeconds, lateAfterMinutes, JSON.stringify(runOptions)],
        ...[Number(schedule.paused), schedule.createdAt, schedule.nextDueAt],
      );
    return changes > 0;
  }

  /** Takes a schedule out with what is remembered of it; false where there is none of that name. */
  remove(name: string): boolean {
    return this.#database.prepare("delete from schedules where name = ?").run(name).changes > 0;
  }

  list(): Schedule[] {
    return this.#all<Omit<Schedule, "runOptions" | "paused"> & { runOptions: string; paused: number }>(
      `select name, cron, timezone, catch_up as catchUp, overlap, jitter_seconds as jitterSeconds,
         late_after_minutes as lateAfterMinutes, run_options as runOptions, paused, created_at as createdAt,
         next_due_at as nextDueAt from schedules order by name`,
    ).map((row) => ({ ...row, runOptions: JSON.parse(row.runOptions) as string[], paused: row.paused !== 0 }));
  }

  pause(name: string): void {
    this.#database.prepare("update schedules set paused = 1 where name = ?").run(name);
  }

  /** Goes on with the next time from now: what passed meanwhile was not wanted. */
  resume(name: string, now: number): void {
    const schedule = this.list().find((found) => found.name === name);
    if (schedule === undefined) return;
    const next = cronTimes(schedule.cron, schedule.timezone).next(now);
    this.#database.prepare("update schedules set paused = 0, next_due_at = ? where name = ?").run(next, name);
  }

  /** Makes the slots of all times until now. Whoever does it first does it for all schedulers. */
  makeSlots(now: number): void {
    this.#correct(now);
    // Most looks find nothing: they take no lock.
    if (this.#all("select 1 from schedules where paused = 0 and next_due_at <= ? limit 1", now).length === 0) return;
    transaction(this.#database, () => {
      for (const schedule of this.list()) {
        if (schedule.paused || schedule.nextDueAt === null || schedule.nextDueAt > now) continue;
        const { slots, nextDueAt } = dueSlots(schedule, cronTimes(schedule.cron, schedule.timezone), now);
        const insert = this.#database.prepare(
          "insert or ignore into slots (schedule, due_at, start_at, state) values (?, ?, ?, ?)",
        );
        for (const { dueAt, startAt, state } of slots) insert.run(schedule.name, dueAt, startAt, state);
        this.#database.prepare("update schedules set next_due_at = ? where name = ?").run(nextDueAt, schedule.name);
        this.#database
          .prepare(
            `delete from slots where schedule = ?1 and due_at <=
               (select due_at from slots where schedule = ?1 order by due_at desc limit 1 offset ${keptSlots})`,
          )
          .run(schedule.name);
      }
    });
  }

  /** A next time out of a clock that was ahead would silence a schedule until then: the one that follows from now counts. */
  #correct(now: number): void {
    for (const { name, cron, timezone, paused, nextDueAt } of this.list()) {
      if (paused || nextDueAt === null) continue;
      const next = cronTimes(cron, timezone).next(now);
      if (next === null || next >= nextDueAt) continue;
      // What was noted of times that have not been would keep them from being started when they come. A clock that is set back a little
      // starts nothing twice.
      this.#database
        .prepare("delete from slots where schedule = ? and due_at > ? and state <> 'started'")
        .run(name, now + backMs);
      this.#database
        .prepare("update schedules set next_due_at = ? where name = ? and next_due_at = ?")
        .run(next, name, nextDueAt);
    }
  }

  /** Slots that wait for their start, oldest first. */
  startable(now: number): Slot[] {
    return this.#slots("state = 'due' and start_at <= ? order by due_at, schedule", now);
  }

  /** Slots whose run is under way, as far as is known. */
  started(): Slot[] {
    return this.#slots("state = 'started' order by due_at, schedule");
  }

  /** The newest slots of a schedule. */
  slotsOf(name: string, limit: number): Slot[] {
    return this.#slots("schedule = ? order by due_at desc limit ?", name, limit);
  }

  /** Takes a slot for this process; false where another scheduler was quicker. */
  take({ schedule, dueAt }: SlotKey, runId: string, starter: Starter, now: number): boolean {
    const { changes } = this.#database
      .prepare(
        `update slots set state = 'started', started_at = ?, starter = ?, run_id = ?
         where schedule = ? and due_at = ? and state = 'due'`,
      )
      .run(now, JSON.stringify(starter), runId, schedule, dueAt);
    return changes > 0;
  }

  /** Its run is over; the exit code is null where nobody saw it. */
  end({ schedule, dueAt }: SlotKey, exitCode: number | null): void {
    this.#database
      .prepare(
        "update slots set state = 'ended', exit_code = ? where schedule = ? and due_at = ? and state = 'started'",
      )
      .run(exitCode, schedule, dueAt);
  }

  skip({ schedule, dueAt }: SlotKey): void {
    this.#database
      .prepare("update slots set state = 'skipped' where schedule = ? and due_at = ? and state = 'due'")
      .run(schedule, dueAt);
  }

  /** Its run never came to be: it is started again. */
  giveBack({ schedule, dueAt, runId }: Pick<Slot, "schedule" | "dueAt" | "runId">): void {
    this.#database
      .prepare(
        `update slots set state = 'due', run_id = null, starter = null, started_at = null
         where schedule = ? and due_at = ? and state = 'started' and run_id = ?`,
      )
      .run(schedule, dueAt, runId);
  }

  /**
   * The slots that should have ended by now and have not, each given once: of several of a schedule the newest.
   */
  takeLate(now: number): Slot[] {
    const condition = `late_at is null and state in ('due', 'started', 'missed') and due_at <=
      (select ? - late_after_minutes * 60000 from schedules where name = schedule)`;
    if (this.#slots(`${condition} limit 1`, now).length === 0) return [];
    return transaction(this.#database, () => {
      const found = this.#slots(`${condition} order by due_at`, now);
      this.#database.prepare(`update slots set late_at = ? where ${condition}`).run(now, now);
      return [...new Map(found.map((slot) => [slot.schedule, slot])).values()];
    });
  }

  /** Another text after every change, whoever made it. */
  version(): string {
    const [row] = this.#all<{ data_version: number }>("pragma data_version");
    const [own] = this.#all<{ changes: number }>("select total_changes() as changes");
    return `${row?.data_version} ${own?.changes}`;
  }

  #slots(condition: string, ...values: (string | number)[]): Slot[] {
    return this.#all<Omit<Slot, "starter"> & { starter: string | null }>(
      `select ${slotColumns} from slots where ${condition}`,
      ...values,
    ).map((row) => ({ ...row, starter: row.starter === null ? null : (JSON.parse(row.starter) as Starter) }));
  }

  #all<T>(sql: string, ...values: (string | number)[]): T[] {
    return this.#database.prepare(sql).all(...values) as T[];
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function unusable(path: string, error: unknown): PipelineError {
  const isForeign = isForbidden(path);
  const reason = isForeign ? "this user may not read it" : (error as Error).message;
  const why = error instanceof NewerSchemaError ? error.message : `cannot be used: ${reason}`;
  return new PipelineError(
    {
      code: "schedule_failed",
      message: `The file of the schedules ${path} ${why}.`,
      data: "No schedule was changed. Complaints and runs are kept elsewhere.",
      next:
        error instanceof NewerSchemaError
          ? "Update this program."
          : isForeign
            ? "Run the command as the user who runs the pipeline."
            : "Free or repair the file; if it is damaged, move it away and add the schedules again.",
    },
    { cause: error },
  );
}
