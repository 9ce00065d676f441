import type { HistoryHandle } from "../history.ts";
import { inodeOf } from "./database.ts";
import { SqliteHistory } from "./history.ts";

/** A history file that may not be there yet, and may be put in place anew. */
export class SqliteHandle implements HistoryHandle {
  readonly #path: string;
  #opened: { history: SqliteHistory; inode: number } | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  async get(): Promise<SqliteHistory | null> {
    const inode = inodeOf(this.#path);
    if (this.#opened !== null && this.#opened.inode !== inode) this.close();
    if (this.#opened === null && inode !== null) {
      const history = SqliteHistory.open(this.#path);
      if (history !== null) this.#opened = { history, inode };
    }
    return this.#opened?.history ?? null;
  }

  close(): void {
    this.#opened?.history.close();
    this.#opened = null;
  }
}
