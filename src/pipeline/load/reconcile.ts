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
  /** Rows that the source does not show may be live: none was withdrawn. */
  keepsGone: boolean;
};

/** What does not add up, null when everything does (invariant 1). */
export function reconcile(counts: LoadCounts): string | null {
  const { expected, staged, rejected, live, keepsGone } = counts;
  if (staged + rejected !== expected) {
    return `the source says ${expected} rows, and ${staged} different ones arrived (${rejected} rejected)`;
  }
  if (keepsGone ? live < staged : live !== staged) {
    return `${staged} rows arrived, and after the merge the warehouse shows ${live} for the same companies and days`;
  }
  return null;
}

/**
 * True for a part that is more than single rows going wrong: over a tenth and over 20. A load that would withdraw so many
 * of the window's live rows, or cannot read so many of those that came, is refused (invariant 12).
 */
export function isSuspicious(part: number, whole: number): boolean {
  return part > 20 && part > whole / 10;
}

/** How many stored rows a load changed. */
export function changedRows(load: { inserted: number; updated: number; deleted: number }): number {
  return load.inserted + load.updated + load.deleted;
}
