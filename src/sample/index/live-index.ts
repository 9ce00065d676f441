import { buildAt } from "../dataset/clock.ts";
import type { Rows, Snapshot } from "../dataset/rows.ts";

/** What the search index shows at one moment. */
export type View = {
  rows: Rows;
  snapshot: Snapshot;
  /** Day of the newest indexing, days since 1970. */
  lastIndexed: number;
  /** The index's own name: it has two, and takes the other at a full reindex. */
  name: string;
};

/** An index that lives: a view is taken once per request. */
export interface LiveIndex {
  view(nowMs: number): View;
}

/** Full reindexing happens once a week. Assumed. */
const reindexDays = 7;

/** The index over rows that live in time: updated daily at 05:00 UTC. */
export function timedIndex(rows: Rows): LiveIndex {
  return {
    view(nowMs) {
      const build = buildAt(nowMs);
      const name = `complaint-public-v${(Math.floor(build / reindexDays) % 2) + 1}`;
      return { rows, snapshot: rows.at(build), lastIndexed: build, name };
    },
  };
}
