import type { DatabaseSync } from "node:sqlite";
import { readReport } from "../../pipeline/report/report.ts";
import { dayMs } from "../../pipeline/window/units.ts";
import { transaction } from "../../sqlite/sqlite.ts";
import type { Notices } from "../history.ts";
import type { NewNotice, NoticedRun, PendingDelivery } from "../rows.ts";
import { findCrashed } from "./crashes.ts";
import { openExistingHistory } from "./database.ts";

/** Milliseconds that a delivery belongs to the process that took it. */
const takenMs = 120_000;
/** A crash that is older is no news. */
const oldMs = 7 * dayMs;

/** Who was told what, beside the runs. */
export class SqliteNotices implements Notices {
  readonly #database: DatabaseSync;

  readonly #path: string;

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** Null where nothing was ever run. Throws `history_unusable`. */
  static open(path: string): SqliteNotices | null {
    const opened = openExistingHistory(path);
    if (opened === null) return null;
    if (!opened.isStale) return new SqliteNotices(opened.database, path);
    opened.database.close();
    throw new Error(`${path} cannot be written`);
  }

  close(): void {
    this.#database.close();
  }

  /** What was told since all was well, the newest first. */
  async openIncidents<Kind extends string>(): Promise<{ kind: Kind; incident: string }[]> {
    return this.#openIncidents();
  }

  #openIncidents<Kind extends string>(): { kind: Kind; incident: string }[] {
    return this.#database
      .prepare(
        `select kind, incident from notices where no > coalesce(
           (select max(no) from notices where kind in ('recovered', 'firstSuccess')), 0) order by no desc`,
      )
      .all() as { kind: Kind; incident: string }[];
  }

  /** Whether a run before this one completed. */
  async hadSuccess(runId: string): Promise<boolean> {
    const found = this.#database
      .prepare("select 1 from runs where state = 'Completed' and no < (select no from runs where id = ?) limit 1")
      .get(runId);
    return found !== undefined;
  }

  /** The newest run that is over, where it crashed and nobody was told. */
  async unreportedCrash(now: number): Promise<NoticedRun | null> {
    findCrashed(this.#database, this.#path);
    const row = this.#database
      .prepare(
        `select no, id, name, state, trigger, started_at as startedAt, ended_at as endedAt, error_code as errorCode, report
         from runs where ended_at is not null order by no desc limit 1`,
      )
      .get() as
      | (Omit<NoticedRun, "report"> & { no: number; startedAt: number; endedAt: number; report: string | null })
      | undefined;
    if (row === undefined || row.state !== "Crashed" || row.endedAt < now - oldMs) return null;
    if (this.#database.prepare("select 1 from notices where run_no = ?").get(row.no) !== undefined) return null;
    const { no: _, startedAt, endedAt, report, ...run } = row;
    return {
      ...run,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(endedAt).toISOString(),
      report: report === null ? null : readReport(report),
    };
  }

  /** Adds a notice for these channels; false where another process has told the same. */
  async add(notice: NewNotice, channels: readonly string[]): Promise<boolean> {
    return transaction(this.#database, () => {
      const { id, kind, incident, runId, at, message } = notice;
      const open = this.#openIncidents();
      const isOpen = open.some((one) => one.incident === incident);
      const isTold = kind === "recovered" ? open.length === 0 : isOpen && kind !== "firstSuccess";
      if (isTold) return false;
      const { lastInsertRowid } = this.#database
        .prepare(
          `insert into notices (id, kind, incident, run_no, at, message)
           values (?, ?, ?, (select no from runs where id = ?), ?, ?)`,
        )
        .run(id, kind, incident, runId, at, message);
      const insert = this.#database.prepare(
        "insert into deliveries (notice_no, channel, state, next_at) values (?, ?, 'pending', ?)",
      );
      for (const channel of channels) insert.run(lastInsertRowid, channel, at);
      return true;
    });
  }

  /** Takes the deliveries whose time has come; another process leaves them alone for a while. */
  async take(now: number): Promise<PendingDelivery[]> {
    const pending = `select notice_no as noticeNo, channel, attempts, message from deliveries join notices on no = notice_no
      where state = 'pending' and next_at <= ? order by notice_no, channel`;
    if (this.#database.prepare(pending).get(now) === undefined) return [];
    return transaction(this.#database, () => {
      const found = this.#database.prepare(pending).all(now) as PendingDelivery[];
      this.#database
        .prepare("update deliveries set next_at = ? where state = 'pending' and next_at <= ?")
        .run(now + takenMs, now);
      return found;
    });
  }

  /** Writes what became of a delivery: sent where there is no error; `nextAt` null: given up. */
  async settle(
    { noticeNo, channel }: Pick<PendingDelivery, "noticeNo" | "channel">,
    { attempts, error, nextAt }: { attempts: number; error: string | null; nextAt: number | null },
    now: number,
  ): Promise<void> {
    const state = error === null ? "sent" : nextAt === null ? "failed" : "pending";
    this.#database
      .prepare(
        `update deliveries set state = ?, attempts = ?, error = ?, next_at = ?, sent_at = ?
         where notice_no = ? and channel = ? and state = 'pending'`,
      )
      .run(state, attempts, error, nextAt ?? now, error === null ? now : null, noticeNo, channel);
  }
}
