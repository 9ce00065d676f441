/** Row counts of one load, taken inside its transaction. */
export type LoadCounts = {
  /** `hits.total`: what the source says it has for names and window. */
  expected: number;
  /** Distinct ids that arrived. */
  staged: number;
  /** Rows that arrived but cannot be stored as complaints; kept apart with the reason. */
  rejected: number;
  /** Live rows of names and window in the warehouse after the merge. */
  live: number;
};

/** What does not add up, null when everything does (invariant 1). */
export function reconcile(counts: LoadCounts): string | null {
  const { expected, staged, rejected, live } = counts;
  if (staged + rejected !== expected) {
    return `the source says ${expected} rows, and ${staged} different ones arrived (${rejected} rejected)`;
  }
  if (live !== staged) {
    return `${staged} rows arrived, and after the merge the warehouse shows ${live} for the same companies and days`;
  }
  return null;
}

/**
 * True when a load would withdraw more than it has evidence for: over a tenth and over 20 of the window's live rows
 * (invariant 12).
 */
export function isSuspiciousWithdrawal(withdrawn: number, liveBefore: number): boolean {
  return withdrawn > 20 && withdrawn > liveBefore / 10;
}
