/** The source's index, as a run found it. */
export type IndexState = {
  /** Complaints in all; null where the source does not say. */
  rows: number | null;
  /** `_meta.last_indexed`. */
  lastIndexed: string | null;
};

/** The index with what the source itself says of it. */
export type SourceIndex = IndexState & {
  /** `_meta.is_data_stale`: nothing new has come for days. */
  isStale: boolean;
  /** `_meta.has_data_issue`. */
  hasIssue: boolean;
};

export type HealthSettings = {
  /** What is done when the source is not well: loading goes on without withdrawing anything, or nothing is loaded. */
  onTrouble: "warn" | "hold";
  /** The part of all complaints, from 0 to 1, that may be gone since the last run. */
  mostGone: number;
};

/** What is wrong with the source as a whole: days are those of its index, numbers its complaints in all. */
export type Trouble =
  | { kind: "stale" }
  | { kind: "issue" }
  | { kind: "went_back"; from: string; to: string }
  | { kind: "shrank"; from: number; to: number };

/** What is wrong with the source today; `before` is what the last run found. */
export function troublesOf(now: SourceIndex, before: IndexState | null, { mostGone }: HealthSettings): Trouble[] {
  const troubles: Trouble[] = [];
  if (now.isStale) troubles.push({ kind: "stale" });
  if (now.hasIssue) troubles.push({ kind: "issue" });
  const [from, to] = [before?.lastIndexed ?? null, now.lastIndexed];
  if (from !== null && to !== null && Date.parse(to) < Date.parse(from)) troubles.push({ kind: "went_back", from, to });
  const rows = before?.rows ?? null;
  if (rows !== null && now.rows !== null && now.rows < rows * (1 - mostGone))
    troubles.push({ kind: "shrank", from: rows, to: now.rows });
  return troubles;
}
