import type { PlannedScope, Schedule } from "../flow/values.ts";
import { type Scope, strategyOf } from "../scope/scope.ts";
import { type StrategyName, totalCost } from "../scope/strategy.ts";
import type { CompanyWindow } from "../window/window.ts";

/** What reading takes: rows that the source shows now, requests, bytes. */
type Effort = { expected: number; requests: number; bytes: number };

type CompanyPlan = CompanyWindow &
  Effort & {
    strategy: StrategyName | "mixed";
    /** Left out where the window is one scope. */
    scopes?: (Pick<Scope, "window" | "strategy"> & Effort)[];
  };

/** What a run would do. */
export type Plan = {
  companies: CompanyPlan[];
  /** Requests that the run sends: for the names and the numbers of rows, for the rows, and for each range of loaded days that it does not read. */
  requests: number;
  bytes: number;
  /** Milliseconds until all rows are read, under the source's limits and as it answers. */
  etaMs: number;
  /** Why the windows are read so. */
  reason: string;
};

/** A schedule, as people read it. */
export function planRun({ windows, counts, etaMs, reason }: Schedule, rangesOutside: number): Plan {
  const companies = windows.map(({ scopes, ...window }): CompanyPlan => {
    const parts = scopes.map((scope) => ({ window: scope.window, strategy: scope.strategy, ...effortOf([scope]) }));
    const whole = { ...window, strategy: strategyOf(scopes), ...effortOf(scopes) };
    return parts.length === 1 ? whole : { ...whole, scopes: parts };
  });
  const { requests, bytes } = totalCost(windows.flatMap(({ scopes }) => scopes.map(({ cost }) => cost)));
  return { companies, requests: 1 + counts + requests + rangesOutside, bytes, etaMs, reason };
}

function effortOf(scopes: readonly PlannedScope[]): Effort {
  const expected = scopes.reduce((sum, scope) => sum + scope.expected, 0);
  return { expected, ...totalCost(scopes.map(({ cost }) => cost)) };
}
