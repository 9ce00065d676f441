import { inProgress } from "./responses.ts";
import type { Codes, RowField, Rows, Snapshot, WordField } from "./rows.ts";
import type { Words } from "./words.ts";

export type Columns = {
  id: Uint32Array;
  received: Float64Array;
  sent: Float64Array;
  /** Each row as it ends up, before corrections. */
  codes: Record<RowField, Codes>;
  words: Record<RowField, Words>;
};

/** A company that takes another name: from build `from` on all its rows show it. */
export type Rename = { code: number; to: number; from: number };

/** When each row is what, as build numbers (life.ts). */
export type Times = Record<"published" | "settled" | "publicResponse" | "withdrawn" | "back", Int32Array>;

/** A row's correction: from build `from` on, these words, and the day of sending later by `sentLaterMs`. */
export type RowCorrection = {
  row: number;
  from: number;
  words: [field: WordField, code: number][];
  sentLaterMs: number;
};

const keptSnapshots = 3;

/** Generated rows that live in time. */
export class TimedRows implements Rows {
  readonly count: number;
  readonly id: Uint32Array;
  readonly received: Float64Array;
  readonly words: Record<RowField, Words>;
  readonly #columns: Columns;
  readonly #times: Times;
  readonly #corrections: readonly RowCorrection[];
  readonly #renames: readonly Rename[];
  #snapshots: Snapshot[] = [];

  constructor(columns: Columns, times: Times, corrections: readonly RowCorrection[], renames: readonly Rename[]) {
    this.count = columns.id.length;
    this.id = columns.id;
    this.received = columns.received;
    this.words = columns.words;
    this.#columns = columns;
    this.#times = times;
    this.#corrections = corrections;
    this.#renames = renames;
  }

  at(build: number): Snapshot {
    const known = this.#snapshots.find((snapshot) => snapshot.build === build);
    if (known !== undefined) return known;
    const snapshot = this.#make(build);
    this.#snapshots = [snapshot, ...this.#snapshots].slice(0, keptSnapshots);
    return snapshot;
  }

  #make(build: number): Snapshot {
    const { published, settled, publicResponse, withdrawn, back } = this.#times;
    const response = this.#columns.codes.company_response.slice();
    const answer = this.#columns.codes.company_public_response.slice();
    const visible = new Uint32Array(this.count);
    let shown = 0;
    for (let row = 0; row < this.count; row++) {
      if (settled[row]! > build) response[row] = inProgress;
      if (publicResponse[row]! > build) answer[row] = 0;
      const gone = withdrawn[row]! <= build && back[row]! > build;
      if (published[row]! <= build && !gone) visible[shown++] = row;
    }
    const codes = { ...this.#columns.codes, company_response: response, company_public_response: answer };
    for (const field of ["issue", "sub_issue", "state", "zip_code", "tags", "timely", "company"] as const) {
      codes[field] = this.#columns.codes[field].slice();
    }
    const sent = this.#columns.sent.slice();
    for (const { row, from, words, sentLaterMs } of this.#corrections) {
      if (from > build) continue;
      for (const [field, code] of words) codes[field][row] = code;
      sent[row]! += sentLaterMs;
    }
    for (const { code, to, from } of this.#renames) {
      if (from > build) continue;
      for (let row = 0; row < this.count; row++) if (codes.company[row] === code) codes.company[row] = to;
    }
    return { build, visible: visible.slice(0, shown), codes, sent };
  }
}
