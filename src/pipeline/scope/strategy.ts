/** The ways to read a scope from the source. */
export const strategyNames = ["pages", "export", "bulk"] as const;
export type StrategyName = (typeof strategyNames)[number];

/**
 * The formats of landed files: `search-json` is an answer of the search API, `export-csv` one of its exports, `bulk-zip` and `bulk-csv` a file of
 * everything. Who stages a file knows its format and no strategy.
 */
export const landedFormats = ["search-json", "export-csv", "bulk-zip", "bulk-csv"] as const;
export type LandedFormat = (typeof landedFormats)[number];

/** What the source counts apart from each other: each kind of request has a limit of its own. */
export const rateClasses = ["search", "export", "document"] as const;
export type RateClass = (typeof rateClasses)[number];

/** Which limit holds where a strategy reads; null where none does. */
export const classOf = {
  pages: "search",
  export: "export",
  bulk: null,
} as const satisfies Record<StrategyName, RateClass | null>;

/** How many rows the source shows of some names, which fit into one request. */
export type CountedNames = { names: string[]; rows: number };

/** What it takes to read a scope; what several share, such as the file of everything, left out. */
export type Cost = {
  /** Requests of each class. */
  requests: Record<RateClass, number>;
  bytes: number;
};

/** What several take together, in requests of all classes and bytes. */
export function totalCost(costs: readonly Cost[]): { requests: number; bytes: number } {
  return {
    requests: costs.reduce((all, cost) => all + rateClasses.reduce((sum, one) => sum + cost.requests[one], 0), 0),
    bytes: costs.reduce((all, { bytes }) => all + bytes, 0),
  };
}

/** What a user may ask for: one of the strategies, or whichever is best. */
export const strategyChoices = ["auto", ...strategyNames] as const;
export type StrategyChoice = (typeof strategyChoices)[number];
