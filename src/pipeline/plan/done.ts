import type { CommittedLoad, PlannedWindow, RetriedRun } from "../flow/values.ts";
import { areSameNames } from "../names/name-list.ts";
import { type Scope, withScopes } from "../scope/scope.ts";
import type { StrategyName } from "../scope/strategy.ts";
import { earlier, type Window } from "../window/days.ts";
import { gapsIn, withWindow } from "../window/ranges.ts";
import type { CompanyWindow } from "../window/window.ts";

/** What earlier runs have loaded of the windows of this one. */
export type Done = {
  loads: CommittedLoad[];
  /** The run that is done again where it failed; null for a run of its own. */
  retryOf: RetriedRun | null;
};

/**
 * What has read, or reconciled, a company's whole window in the run that is retried, of the very names. Through an earlier day than is asked for
 * now it may be: what was asked for then is done.
 */
export function wholeBefore(
  { loads, retryOf }: Done,
  { company, names, window }: CompanyWindow,
): CommittedLoad | undefined {
  if (retryOf === null) return undefined;
  return loads.find(
    (load) =>
      load.scope === company &&
      isOf(load, { company, names }) &&
      load.window.from <= window.from &&
      load.window.to >= earlier(window.to, retryOf.asOf),
  );
}

/** What has read the very days of a scope; what it holds is judged with the other scopes of its window. */
export function partBefore({ loads }: Done, { id, company, names, window }: Scope): CommittedLoad | undefined {
  return loads.find(
    (load) =>
      load.scope === id &&
      isOf(load, { company, names }) &&
      load.window.from === window.from &&
      load.window.to === window.to,
  );
}

/** The parts of a window that are loaded, of which no two have a day in common, and the days that are left. */
export function splitDone(done: Done, all: CompanyWindow): { parts: CommittedLoad[]; unread: Window[] } {
  const { company, window } = all;
  const parts: CommittedLoad[] = [];
  for (const load of done.loads) {
    const { from, to } = load.window;
    const isWithin = from >= window.from && to <= window.to && (from !== window.from || to !== window.to);
    const isPart = load.scope !== company && isOf(load, all) && isWithin;
    const isApart = parts.every((one) => one.window.to < from || one.window.from > to);
    if (isPart && isApart) parts.push(load);
  }
  const loaded = parts.reduce<readonly Window[]>((ranges, one) => withWindow(ranges, one.window), []);
  return { parts, unread: [...gapsIn(loaded, window)] };
}

/** Days of a window that are to be read. */
export type UnreadWindow = CompanyWindow & {
  /** How they are read, as one scope: an earlier start has landed files of it. */
  landedBy?: StrategyName;
};

/** The days that are to be read, those apart of which an earlier start has landed files. */
export function splitLanded(
  window: CompanyWindow,
  unread: readonly Window[],
  landed: readonly Pick<Scope, "names" | "window" | "strategy">[],
): UnreadWindow[] {
  let left = unread;
  const found: UnreadWindow[] = [];
  for (const scope of landed.filter((one) => areSameNames(one.names, window.names))) {
    const { from, to } = scope.window;
    const around = left.find((days) => days.from <= from && days.to >= to);
    if (around === undefined) continue;
    found.push({ ...window, window: scope.window, landedBy: scope.strategy });
    left = left.flatMap((days) => (days === around ? gapsIn([scope.window], days) : [days]));
  }
  return [...found, ...left.map((days) => ({ ...window, window: days }))];
}

/**
 * The plan of a whole window: what is loaded as it was, between the plans of the days that are left; `strategy`: how a part is read where it has to be
 * read again after all.
 */
export function joinDone(
  window: CompanyWindow,
  parts: readonly CommittedLoad[],
  strategy: StrategyName,
  planned: readonly PlannedWindow[],
): PlannedWindow {
  const cost = { requests: { search: 0, export: 0, document: 0 }, bytes: 0 };
  const loaded = parts.map(({ window: days, result: { expected } }) => ({
    ...{ window: days, strategy, expected, cost },
  }));
  const all = [...loaded, ...planned.flatMap(({ scopes }) => scopes)];
  all.sort((a, b) => (a.window.from < b.window.from ? -1 : 1));
  const { scopes } = withScopes(window, all);
  return {
    ...window,
    scopes: scopes.map((scope, i) => ({ ...scope, expected: all[i]!.expected, cost: all[i]!.cost })),
  };
}

function isOf(load: CommittedLoad, { company, names }: Pick<CompanyWindow, "company" | "names">): boolean {
  return load.company === company && areSameNames(load.names, names);
}
