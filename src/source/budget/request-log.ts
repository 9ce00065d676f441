import type { DatabaseSync } from "node:sqlite";
import { openSqlite, transaction } from "../../sqlite/sqlite.ts";
import { windowMs } from "./budget.ts";

/** Whose turn it is to ask. */
export type Turn = { source: string; class: string };

/** Now, on the clock of the boot and on that of the wall, in milliseconds. */
export type Moment = { boot: string; at: number; wall: number };

/** Milliseconds that a statement waits for another process' write: they are short. */
const patienceMs = 100;

/** The requests that the processes of a home sent lately, in a SQLite file. Throws what SQLite says; `isBusy` tells whether it is worth another try. */
export class RequestLog {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = openSqlite(path, new URL("./migrations/", import.meta.url), patienceMs);
  }

  /** Takes a turn: 0, and the request is written down; or the milliseconds until one may be free. */
  take(turn: Turn, perMinute: number, now: Moment): number {
    return transaction(this.#database, () => {
      this.#adopt(now);
      const [source, name] = [turn.source, turn.class];
      const last = this.#database
        .prepare("select at from requests where source = ? and class = ? order by at desc limit 1 offset ?")
        .get(source, name, Math.ceil(perMinute) - 1);
      const pause = this.#database.prepare("select until from pauses where source = ? and class = ?").get(source, name);
      const free = last === undefined ? 0 : Number(last.at) + windowMs;
      const waitMs = Math.max(free, pause === undefined ? 0 : Number(pause.until)) - now.at;
      if (waitMs > 0) return waitMs;
      this.#database
        .prepare("insert into requests values (?, ?, ?, ?, ?)")
        .run(source, name, now.boot, now.at, Math.round(now.wall));
      return 0;
    });
  }

  /** Nobody asks before `ms` have passed; a longer pause that was asked for stays. */
  pause(turn: Turn, ms: number, now: Moment): void {
    transaction(this.#database, () => {
      this.#adopt(now);
      this.#database
        .prepare(
          `insert into pauses values (?, ?, ?, ?, ?, ?) on conflict (source, class) do update
             set boot = excluded.boot, until = excluded.until, wall_until = excluded.wall_until, ms = excluded.ms
             where excluded.until > pauses.until`,
        )
        .run(turn.source, turn.class, now.boot, now.at + ms, Math.round(now.wall + ms), Math.ceil(ms));
    });
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Brings what another boot wrote to the clock of this one, by the wall clock: a request counts for no longer than a whole window from now,
   * and a pause for no longer than was asked. Removes what is over.
   */
  #adopt({ boot, at, wall }: Moment): void {
    this.#database
      .prepare(`update requests set boot = ?, at = ? - min(max(? - wall, 0), ?) where boot <> ? or at > ?`)
      .run(boot, at, Math.round(wall), windowMs, boot, at);
    this.#database
      .prepare(
        "update pauses set boot = ?, until = ? + min(max(wall_until - ?, 0), ms) where boot <> ? or until > ? + ms + 1",
      )
      .run(boot, at, Math.round(wall), boot, at);
    this.#database.prepare("delete from requests where at <= ?").run(at - windowMs);
    this.#database.prepare("delete from pauses where until <= ?").run(at);
  }
}
