/** How far something is, in rows. */
export type Extent = {
  rows: number;
  expected: number;
  /** Rows that were there before it began. */
  before: number;
  /** Milliseconds that it takes by now. */
  elapsedMs: number;
  /** Milliseconds that it was planned to take; null where that is not known. */
  plannedMs: number | null;
};

/** Before so much of it is done, what is done says little. */
const tellingPart = 0.05;

/** Milliseconds until it is done, as fast as it went so far, or as it was planned; null where neither is known. */
export function timeLeft({ rows, expected, before, elapsedMs, plannedMs }: Extent): number | null {
  if (rows >= expected) return null;
  const read = rows - before;
  if (read < (expected - before) * tellingPart) return plannedMs === null ? null : Math.max(plannedMs - elapsedMs, 0);
  return (elapsedMs * (expected - rows)) / read;
}
