import type { Schedule as CountedSchedule, PlannedScope, PlannedWindow, PlanSettings } from "../flow/values.ts";
import { formatDuration, plural } from "../report/format.ts";
import { type Part, withScopes } from "../scope/scope.ts";
import {
  type Cost,
  type CountedNames,
  classOf,
  type RateClass,
  type StrategyChoice,
  type StrategyName,
  strategyNames,
} from "../scope/strategy.ts";
import { minuteMs } from "../window/units.ts";
import { cutEvenly, type Segment } from "./days.ts";
import type { UnreadWindow } from "./done.ts";
import { durationOf, lanesFor, type Pace, requestMs, waitOf } from "./pace.ts";

type Schedule = Omit<CountedSchedule, "counts">;

/** How a strategy asks. */
export type Asking = {
  /** Rows of an answer, at most. */
  rowsPerRequest: number;
  /** What it takes to read rows of so many of each group of names. */
  cost(counts: readonly CountedNames[]): Cost;
};

/** A window, with what the source shows in it. */
export type CountedWindow = UnreadWindow & {
  counts: CountedNames[];
  /** Its days, with the rows that they are likely to have. */
  days: readonly Segment[];
};

export type PlannerOptions = {
  choice: StrategyChoice;
  limits: PlanSettings["limits"];
  pace: Pace;
  strategies: Readonly<Record<StrategyName, Asking>>;
};

/** What decides, with the lanes that follow from it. */
type Given = PlannerOptions & { lanes: Record<RateClass, number> };

/** A part of a window, with the rows that are expected in it. */
type Piece = Part & { rows: number /** An earlier start has landed files of it. */; isLanded: boolean };

/** A second strategy is taken where the time that is left is less than this part. */
const worthwhile = 0.9;
/** A scope is a transaction and an entry in the ledger: shorter ones cost more than they gain. */
const shortestScopeMs = 15_000;
/** Requests of a scope at most, unless it would be shorter: what is loaded stays, whatever becomes of the next one. */
const mostRequests = 10;
/** How full exports are planned: rows come, and days are not as even as they are taken to be. */
const exportFill = 0.96;

/** The scopes of each window, and how they are read: what is quickest under the limits, as far as the pace is known. Asks nobody. */
export function planScopes(windows: readonly CountedWindow[], options: PlannerOptions): Schedule {
  const { choice, limits } = options;
  const lanes = (strategy: StrategyName) => lanesFor(limits[classOf[strategy]], fullMs(options, strategy));
  const given = { ...options, lanes: { search: lanes("pages"), export: lanes("export"), document: 1 } };
  const forced = `asked for: strategy ${choice}`;
  if (choice === "export") return schedule(given, windows, windows.map(piecesToExport(given)), forced);
  const pages = byPages(given, windows);
  if (choice === "pages") return { ...pages, reason: forced };
  const both = byBoth(given, windows);
  return both !== null && both.etaMs < pages.etaMs * worthwhile ? both : pages;
}

/** Read by pages alone, as many at once as the limit can use. */
function byPages(given: Given, windows: readonly CountedWindow[]): Schedule {
  const { limits, strategies } = given;
  const requests = pagesOf(given, windows);
  const perScope = pagesOfScope(given, requests) * strategies.pages.rowsPerRequest;
  const pieces = windows.map((window) => cut(window, "pages", Math.ceil(rowsOf(window.counts) / perScope)));
  const limit =
    limits.search === null ? "a source without a limit" : `a source that takes ${limits.search} in a minute`;
  return schedule(given, windows, pieces, `${plural(requests, "page")} of ${limit}`);
}

/** Read by pages and by exports, so many of each that both end at about the same time; null where pages alone do not wait. */
function byBoth(given: Given, windows: readonly CountedWindow[]): Schedule | null {
  const { limits, strategies } = given;
  const alone = pagesOf(given, windows);
  if (limits.search === null || limits.export === null || waitOf(alone, limits.search) === 0) return null;
  const pieces = windows.map(piecesToExport(given));
  // The fullest answers are exports. Each needs a count, too.
  const free = pieces.flat().filter(({ isLanded }) => !isLanded);
  const byRows = free.sort((a, b) => b.rows - a.rows);
  const pages = byRows.map(({ rows }) => Math.max(Math.ceil(rows / strategies.pages.rowsPerRequest), 1));
  let searches = pages.reduce((sum, number) => sum + number, 0);
  let best = { exports: 0, ms: fullDuration(given, "pages", searches) };
  for (const [i, number] of pages.entries()) {
    searches += 1 - number;
    const ms = Math.max(fullDuration(given, "pages", searches), fullDuration(given, "export", i + 1));
    if (ms < best.ms) best = { exports: i + 1, ms };
  }
  for (const piece of byRows.slice(best.exports)) piece.strategy = "pages";
  const slower = formatDuration(fullDuration(given, "pages", alone));
  return schedule(given, windows, pieces, `pages and exports have a limit each; pages alone take ${slower}`);
}

/** Pages that the windows have, as a whole each. */
function pagesOf({ strategies }: Given, windows: readonly CountedWindow[]): number {
  return windows.reduce((sum, { counts }) => sum + strategies.pages.cost(counts).requests.search, 0);
}

/** How many pages a scope has: enough to be worth it, and few enough for every lane to have one. */
function pagesOfScope(given: Given, pages: number): number {
  const { limits, lanes } = given;
  const answerMs = fullMs(given, "pages");
  const eachMs = limits.search === null ? answerMs : Math.max(answerMs, (lanes.search * minuteMs) / limits.search);
  return Math.max(Math.ceil(shortestScopeMs / eachMs), Math.min(Math.ceil(pages / lanes.search), mostRequests));
}

function piecesToExport({ strategies }: Given): (window: CountedWindow) => Piece[] {
  const most = strategies.export.rowsPerRequest;
  return (window) => {
    const parts = window.counts.map(({ rows }) => (rows <= most ? 1 : Math.ceil(rows / (most * exportFill))));
    return cut(window, "export", Math.max(...parts, 1));
  };
}

function cut({ window, days, counts, landedBy }: CountedWindow, strategy: StrategyName, parts: number): Piece[] {
  if (landedBy !== undefined) return [{ window, strategy: landedBy, rows: rowsOf(counts), isLanded: true }];
  const cuts = parts <= 1 ? [{ days: window, rows: rowsOf(counts) }] : cutEvenly(days, parts);
  return cuts.map((segment) => ({ window: segment.days, strategy, rows: segment.rows, isLanded: false }));
}

function schedule(
  given: Given,
  windows: readonly CountedWindow[],
  pieces: readonly Piece[][],
  reason: string,
): Schedule {
  const planned = windows.map((window, i) => plannedWindow(given, window, pieces[i]!));
  const scopes = planned.flatMap((one) => one.scopes);
  const etaMs = Math.max(...strategyNames.map((strategy) => Math.round(durationOfScopes(given, strategy, scopes))));
  const answers = scopes.map(({ strategy, expected }) =>
    requestMs(given.pace, strategy, Math.min(expected, given.strategies[strategy].rowsPerRequest)),
  );
  return { windows: planned, lanes: given.lanes, etaMs, longestMs: Math.round(Math.max(...answers, 0)), reason };
}

function plannedWindow(
  given: Given,
  { counts, days: _, landedBy: __, ...window }: CountedWindow,
  pieces: readonly Piece[],
): PlannedWindow {
  const all = rowsOf(counts);
  const { scopes } = withScopes(window, pieces);
  const plannedScopes = scopes.map((scope, i): PlannedScope => {
    const share = all === 0 ? 1 / scopes.length : pieces[i]!.rows / all;
    const own = counts.map(({ names, rows }) => ({ names, rows: Math.round(rows * share) }));
    return { ...scope, expected: rowsOf(own), cost: given.strategies[scope.strategy].cost(own) };
  });
  return { ...window, scopes: plannedScopes };
}

/** Milliseconds of the requests in the class of a strategy, whoever of the scopes sends them. */
function durationOfScopes(given: Given, strategy: StrategyName, scopes: readonly PlannedScope[]): number {
  const rateClass = classOf[strategy];
  const requests = scopes.reduce((sum, { cost }) => sum + cost.requests[rateClass], 0);
  const rows = scopes.reduce((sum, one) => sum + (one.strategy === strategy ? one.expected : 0), 0);
  return duration(given, strategy, requests, requestMs(given.pace, strategy, rows / Math.max(requests, 1)));
}

function fullDuration(given: Given, strategy: StrategyName, requests: number): number {
  return duration(given, strategy, requests, fullMs(given, strategy));
}

function duration({ limits, lanes }: Given, strategy: StrategyName, requests: number, ms: number): number {
  const rateClass = classOf[strategy];
  return durationOf({ requests, perMinute: limits[rateClass], lanes: lanes[rateClass], ms });
}

/** Milliseconds of a full answer. */
function fullMs({ pace, strategies }: PlannerOptions, strategy: StrategyName): number {
  return requestMs(pace, strategy, strategies[strategy].rowsPerRequest);
}

function rowsOf(counts: readonly CountedNames[]): number {
  return counts.reduce((sum, { rows }) => sum + rows, 0);
}
