import { statSync } from "node:fs";
import { History } from "../../history/history.ts";

/** The run history of a home for as long as a server is up: it may not be there yet, and may be put in place anew. */
export class HistoryHandle {
  readonly #path: string;
  #opened: { history: History; inode: number } | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null where nothing was ever run. Throws `history_unusable`. */
  get(): History | null {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino ?? null;
    if (this.#opened !== null && this.#opened.inode !== inode) this.close();
    if (this.#opened === null && inode !== null) {
      const history = History.open(this.#path);
      if (history !== null) this.#opened = { history, inode };
    }
    return this.#opened?.history ?? null;
  }

  close(): void {
    this.#opened?.history.close();
    this.#opened = null;
  }
}
