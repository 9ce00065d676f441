import { type Scope, strategyOf } from "../scope/scope.ts";
import { type RateClass, rateClasses, type StrategyName } from "../scope/strategy.ts";
import { minuteMs } from "../window/units.ts";
import type { CompanyWindow } from "../window/window.ts";
import type { PlannedCompany, PlannedScope } from "./values.ts";

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
  /** Requests that the run sends: the pages, one for the names, and one for each range of loaded days that it does not read. */
  requests: number;
  bytes: number;
  /** Milliseconds that the rate budget takes at least. */
  etaMs: number;
};

/** `perMinute` is how many requests of each class the source takes; it may be Infinity. */
export function planRun(
  planned: readonly PlannedCompany[],
  rangesOutside: number,
  perMinute: Readonly<Record<RateClass, number>>,
): Plan {
  const companies = planned.map(planCompany);
  const own = 1 + rangesOutside;
  const costs = planned.flatMap(({ scopes }) => scopes.map(({ cost }) => cost));
  const etas = rateClasses.map((rateClass) => {
    const requests = costs.reduce((all, cost) => all + cost.requests[rateClass], rateClass === "search" ? own : 0);
    // So many may go at once; each further minute allows as many again.
    return Math.max(Math.ceil(requests / perMinute[rateClass]) - 1, 0) * minuteMs;
  });
  return {
    companies,
    requests: own + sum(companies, "requests"),
    bytes: sum(companies, "bytes"),
    etaMs: Math.max(...etas),
  };
}

function planCompany({ scopes, ...window }: PlannedCompany): CompanyPlan {
  const parts = scopes.map((scope) => ({ window: scope.window, strategy: scope.strategy, ...effortOf(scope) }));
  const effort = {
    expected: sum(parts, "expected"),
    strategy: strategyOf(scopes),
    requests: sum(parts, "requests"),
    bytes: sum(parts, "bytes"),
  };
  return { ...window, ...effort, ...(parts.length === 1 ? {} : { scopes: parts }) };
}

function effortOf({ expected, cost: { requests, bytes } }: PlannedScope): Effort {
  return { expected, requests: rateClasses.reduce((all, rateClass) => all + requests[rateClass], 0), bytes };
}

function sum<K extends string>(of: readonly Readonly<Record<K, number>>[], key: K): number {
  return of.reduce((total, one) => total + one[key], 0);
}
