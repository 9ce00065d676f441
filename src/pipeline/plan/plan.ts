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
  /** The file of everything, where scopes are read from it, and what it changes nothing of. */
  file: Schedule["file"];
  /** Whether the run can end within its timeouts. */
  fits: boolean;
  /** The timeouts that are too short, with the seconds that are needed. */
  tooShort: { setting: keyof Timeouts; seconds: number; needed: number }[];
};

/** How long a request, a scope without progress, and a run may take, in seconds; null where there is no limit. */
export type Timeouts = {
  requestTimeoutSeconds: number;
  extractTimeoutSeconds: number;
  runTimeoutSeconds: number | null;
};

/** A schedule, as people read it. */
export function planRun(schedule: Schedule, rangesOutside: number, timeouts: Timeouts): Plan {
  const { windows, counts, etaMs, reason, file } = schedule;
  const companies = windows.map(({ scopes, ...window }): CompanyPlan => {
    const parts = scopes.map((scope) => ({ window: scope.window, strategy: scope.strategy, ...effortOf([scope]) }));
    const whole = { ...window, strategy: strategyOf(scopes), ...effortOf(scopes) };
    return parts.length === 1 ? whole : { ...whole, scopes: parts };
  });
  const asked = totalCost(windows.flatMap(({ scopes }) => scopes.map(({ cost }) => cost)));
  const tooShort = tooShortOf(schedule, timeouts);
  // The file is asked whether it is another one, and then for itself.
  const ofFile = file === null ? 0 : file.isHere ? 1 : 2;
  const requests = 1 + counts + asked.requests + ofFile + rangesOutside;
  const bytes = asked.bytes + (ofFile === 2 ? file!.bytes : 0);
  return { companies, requests, bytes, etaMs, reason, file, fits: tooShort.length === 0, tooShort };
}

function tooShortOf({ longestMs, etaMs }: Schedule, timeouts: Timeouts): Plan["tooShort"] {
  const needed: [keyof Timeouts, number][] = [
    ["requestTimeoutSeconds", longestMs],
    ["extractTimeoutSeconds", longestMs],
    ["runTimeoutSeconds", etaMs],
  ];
  return needed.flatMap(([setting, ms]) => {
    const seconds = timeouts[setting];
    return seconds === null || ms <= seconds * 1000 ? [] : [{ setting, seconds, needed: Math.ceil(ms / 1000) }];
  });
}

function effortOf(scopes: readonly PlannedScope[]): Effort {
  const expected = scopes.reduce((sum, scope) => sum + scope.expected, 0);
  return { expected, ...totalCost(scopes.map(({ cost }) => cost)) };
}
