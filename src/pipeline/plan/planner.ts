import type {
  BulkFacts,
  Schedule as CountedSchedule,
  PlannedScope,
  PlannedWindow,
  PlanSettings,
} from "../flow/values.ts";
import { formatDuration, plural } from "../report/format.ts";
import { type Part, withScopes } from "../scope/scope.ts";
import { type Cost, type CountedNames, classOf, type StrategyChoice, type StrategyName } from "../scope/strategy.ts";
import { addDays, earlier, type Window } from "../window/days.ts";
import { minuteMs } from "../window/units.ts";
import { cutByShares, cutEvenly, type Segment, within } from "./days.ts";
import type { UnreadWindow } from "./done.ts";
import { durationOf, lanesFor, type Pace, requestMs, waitOf } from "./pace.ts";

type Schedule = Omit<CountedSchedule, "counts" | "file"> & {
  /** Whether scopes are read from the file of everything. */
  isOfFile: boolean;
};

/** The file of everything, as far as that is known before it is fetched. */
type FileFacts = Pick<BulkFacts, "day" | "rows"> & { isHere: boolean };

/** How a strategy asks. */
type Asking = {
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
  /** Null where there is none, or nobody looked. */
  file: FileFacts | null;
};

/** What decides, with the lanes that follow from it. */
type Given = PlannerOptions & { lanes: Record<StrategyName, number> };

/** The strategies that ask the search API, under its limits. */
const askingNames = ["pages", "export"] as const;
type AskingName = (typeof askingNames)[number];

/** A part of a window, with the rows that are expected in it. */
type Piece = Part & { rows: number };

/** A second strategy is taken where the time that is left is less than this part. */
const worthwhile = 0.9;
/** A scope is a transaction and an entry in the ledger: shorter ones cost more than they gain. */
const shortestScopeMs = 15_000;
/** Requests of a scope at most, unless it would be shorter: what is loaded stays, whatever becomes of the next one. */
const mostRequests = 20;
/** How full exports are planned: rows come, and days are not as even as they are taken to be. */
const exportFill = 0.94;
/** What the pages of a scope are planned with, beside full ones: the last page of each is half empty. */
const pageFill = 0.97;

/** The scopes of each window, and how they are read: what is quickest under the limits, as far as the pace is known. Asks nobody. */
export function planScopes(windows: readonly CountedWindow[], options: PlannerOptions): Schedule {
  const { choice, limits, file } = options;
  const lanes = (strategy: AskingName) => lanesFor(limits[classOf[strategy]], fullMs(options, strategy));
  const given = { ...options, lanes: { pages: lanes("pages"), export: lanes("export"), bulk: 1 } };
  const forced = `asked for: strategy ${choice}`;
  if (choice === "bulk" && file !== null) return { ...byFile(given, file, windows, windows.length), reason: forced };
  if (choice === "export") return schedule(given, windows, windows.map(piecesToExport(given)), forced);
  if (choice === "pages") return { ...byPages(given, windows), reason: forced };
  const asked = byAsking(given, windows);
  if (file === null) return asked;
  const most = windows.filter((window) => isInFile(window, file)).length;
  const ways = Array.from({ length: most }, (_, i) => byFile(given, file, windows, i + 1));
  const [best] = ways.sort((a, b) => a.etaMs - b.etaMs);
  if (best === undefined || best.etaMs >= asked.etaMs * worthwhile) return asked;
  const slower = formatDuration(asked.etaMs);
  return { ...best, reason: `the file of everything of ${file.day} has most of it; asked for, it takes ${slower}` };
}

/** The search API alone, by pages, or by pages and exports. */
function byAsking(given: Given, windows: readonly CountedWindow[]): Schedule {
  const pages = byPages(given, windows);
  const both = byBoth(given, windows);
  return both !== null && both.etaMs < pages.etaMs * worthwhile ? both : pages;
}

/**
 * The largest windows, so many of those that it has days of, read from the file of everything, each by a reading of its own; what is later than the
 * file, and the other windows, are asked for meanwhile.
 */
function byFile(given: Given, file: FileFacts, windows: readonly CountedWindow[], number: number): Schedule {
  const { pace, choice, lanes } = given;
  const largest = windows
    .filter((window) => isInFile(window, file))
    .sort((a, b) => rowsOf(b.counts) - rowsOf(a.counts));
  const chosen = new Set(largest.slice(0, number));
  const ofFile: CountedWindow[] = [];
  const asked: CountedWindow[] = [];
  for (const window of windows) {
    const { from, to } = window.window;
    if (!chosen.has(window)) asked.push(window);
    else {
      ofFile.push(partOf(window, { from, to: earlier(to, file.day) }));
      if (to > file.day) asked.push(partOf(window, { from: addDays(file.day, 1), to }));
    }
  }
  const rest = choice === "bulk" ? byPages(given, asked) : byAsking(given, asked);
  const read = ofFile.map((window) =>
    plannedWindow(given, window, [pieceOf({ days: window.window, rows: rowsOf(window.counts) }, "bulk")]),
  );
  const fetchMs = file.isHere || read.length === 0 ? 0 : requestMs(pace, "file", file.rows);
  const etaMs = fetchMs + Math.max(read.length * requestMs(pace, "bulk", file.rows), rest.etaMs);
  return { ...rest, lanes, windows: [...read, ...rest.windows], etaMs: Math.round(etaMs), isOfFile: read.length > 0 };
}

/** Whether the file has days of a window of which nothing is landed. */
function isInFile({ window, landedBy }: CountedWindow, { day }: FileFacts): boolean {
  return landedBy === undefined && window.from <= day;
}

/** Some days of a window, with their part of its rows. */
function partOf(window: CountedWindow, days: Window): CountedWindow {
  const own = within(window.days, days);
  const share = own.reduce((sum, { rows }) => sum + rows, 0) / Math.max(rowsOf(window.counts), 1);
  const counts = window.counts.map(({ names, rows }) => ({ names, rows: Math.round(rows * share) }));
  return { ...window, window: days, counts, days: own };
}

/** Read by pages alone, as many at once as the limit can use. */
function byPages(given: Given, windows: readonly CountedWindow[]): Schedule {
  const { limits } = given;
  const requests = pagesOf(given, windows);
  const limit =
    limits.search === null ? "a source without a limit" : `a source that takes ${limits.search} in a minute`;
  const pieces = cutIntoPages(given, windows.map(wholeOf));
  return schedule(given, windows, pieces, `${plural(requests, "page")} of ${limit}`);
}

/**
 * Read by pages and by exports, so many of each that both end at about the same time; null where pages alone do not wait. The first days of the
 * largest windows are exported: full exports, each with a count.
 */
function byBoth(given: Given, windows: readonly CountedWindow[]): Schedule | null {
  const { limits, strategies } = given;
  const alone = pagesOf(given, windows);
  if (limits.search === null || limits.export === null || waitOf(alone, limits.search) === 0) return null;
  const free = windows.filter(({ landedBy }) => landedBy === undefined);
  const rows = free.reduce((sum, { counts }) => sum + rowsOf(counts), 0);
  const exportRows = strategies.export.rowsPerRequest * exportFill;
  const most = free.reduce((sum, window) => sum + exportsIn(given, window), 0);
  let best = { exports: 0, ms: Number.POSITIVE_INFINITY };
  for (let exports = 0; exports <= most; exports++) {
    const pages = Math.max(rows - exports * exportRows, 0) / strategies.pages.rowsPerRequest / pageFill;
    const searches = Math.ceil(pages) + exports;
    const ms = Math.max(fullDuration(given, "pages", searches), fullDuration(given, "export", exports));
    if (ms < best.ms) best = { exports, ms };
  }
  const pieces = new Map<CountedWindow, Piece[]>();
  const left = new Map<CountedWindow, Rest>(windows.map((window) => [window, wholeOf(window)]));
  for (const window of free.toSorted((a, b) => rowsOf(b.counts) - rowsOf(a.counts))) {
    const exports = Math.min(exportsIn(given, window), best.exports);
    if (exports === 0) continue;
    best.exports -= exports;
    const all = rowsOf(window.counts);
    const exported = Math.min((exports * exportRows) / largestPart(window), all);
    const [front, back] = cutByShares(window.days, [exported, all - exported]);
    const ofFront = within(window.days, front!.days);
    pieces.set(
      window,
      cutEvenly(ofFront, exports).map((part) => pieceOf(part, "export")),
    );
    left.set(window, back === undefined ? null : { window, days: within(window.days, back.days), rows: back.rows });
  }
  const paged = cutIntoPages(
    given,
    windows.map((window) => left.get(window)!),
  );
  const slower = formatDuration(fullDuration(given, "pages", alone));
  const all = windows.map((window, i) => [...(pieces.get(window) ?? []), ...paged[i]!]);
  return schedule(given, windows, all, `pages and exports have a limit each; pages alone take ${slower}`);
}

/** Days of a window that are still to be cut; null where none is left. */
type Rest = { window: CountedWindow; days: readonly Segment[]; rows: number } | null;

function wholeOf(window: CountedWindow): Rest {
  return { window, days: window.days, rows: rowsOf(window.counts) };
}

/** Full exports that a window has. */
function exportsIn({ strategies }: Given, window: CountedWindow): number {
  return Math.floor((rowsOf(window.counts) * largestPart(window)) / (strategies.export.rowsPerRequest * exportFill));
}

/** The part of a window's rows that its largest group of names has: each group is exported by itself. */
function largestPart({ counts }: CountedWindow): number {
  return Math.max(...counts.map(({ rows }) => rows)) / Math.max(rowsOf(counts), 1);
}

/** Pages that the windows have, as a whole each. */
function pagesOf({ strategies }: Given, windows: readonly CountedWindow[]): number {
  return windows.reduce((sum, { counts }) => sum + strategies.pages.cost(counts).requests.search, 0);
}

/**
 * Cuts what is left of each window into scopes to be read by pages. Where there is much, the scopes become smaller towards the end, so that all lanes
 * end at about the same time.
 */
function cutIntoPages(given: Given, rests: readonly Rest[]): Piece[][] {
  const { rowsPerRequest } = given.strategies.pages;
  let left = rests.reduce((sum, rest) => sum + (rest?.rows ?? 0), 0) / rowsPerRequest;
  const shortest = shortestScope(given);
  const longest = Math.max(shortest, mostRequests);
  const isMuch = left > given.lanes.pages * longest;
  const even = pagesOfScope(given, left);
  return rests.map((rest) => {
    if (rest === null) return [];
    const { window, days, rows } = rest;
    const { landedBy } = window;
    const pages = rows / rowsPerRequest;
    if (landedBy !== undefined) return [{ window: window.window, strategy: landedBy, rows }];
    const shares: number[] = [];
    if (!isMuch) shares.push(...Array<number>(Math.max(Math.ceil(pages / even), 1)).fill(1));
    for (let cut = 0; isMuch && cut < pages; cut += shares.at(-1)!) {
      const wanted = Math.max(Math.ceil((left - cut) / given.lanes.pages / 2), shortest);
      shares.push(Math.min(wanted, longest, pages - cut) * pageFill);
    }
    left -= pages;
    return cutByShares(days, shares.length === 0 ? [1] : shares).map((part) => pieceOf(part, "pages"));
  });
}

/** How many pages a scope has: enough to be worth it, and few enough for every lane to have one. */
function pagesOfScope(given: Given, pages: number): number {
  return Math.max(shortestScope(given), Math.min(Math.ceil(pages / given.lanes.pages), mostRequests));
}

/** Pages that a scope has at least. */
function shortestScope(given: Given): number {
  const { limits, lanes } = given;
  const answerMs = fullMs(given, "pages");
  const eachMs = limits.search === null ? answerMs : Math.max(answerMs, (lanes.pages * minuteMs) / limits.search);
  return Math.ceil(shortestScopeMs / eachMs);
}

function piecesToExport({ strategies }: Given): (window: CountedWindow) => Piece[] {
  const most = strategies.export.rowsPerRequest;
  return ({ window, days, counts, landedBy }) => {
    if (landedBy !== undefined) return [{ window, strategy: landedBy, rows: rowsOf(counts) }];
    const parts = counts.map(({ rows }) => (rows <= most ? 1 : Math.ceil(rows / (most * exportFill))));
    return cutEvenly(days, Math.max(...parts, 1)).map((part) => pieceOf(part, "export"));
  };
}

function pieceOf({ days, rows }: Segment, strategy: StrategyName): Piece {
  return { window: days, strategy, rows };
}

function schedule(
  given: Given,
  windows: readonly CountedWindow[],
  pieces: readonly Piece[][],
  reason: string,
): Schedule {
  const planned = windows.map((window, i) => plannedWindow(given, window, pieces[i]!));
  const scopes = planned.flatMap((one) => one.scopes);
  const etaMs = Math.max(...askingNames.map((strategy) => Math.round(durationOfScopes(given, strategy, scopes))));
  const answers = scopes.map(({ strategy, expected }) =>
    requestMs(given.pace, strategy, Math.min(expected, given.strategies[strategy].rowsPerRequest)),
  );
  const longestMs = Math.round(Math.max(...answers, 0));
  return { windows: planned, lanes: given.lanes, etaMs, longestMs, reason, isOfFile: false };
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
function durationOfScopes(given: Given, strategy: AskingName, scopes: readonly PlannedScope[]): number {
  const rateClass = classOf[strategy];
  const requests = scopes.reduce((sum, { cost }) => sum + cost.requests[rateClass], 0);
  const rows = scopes.reduce((sum, one) => sum + (one.strategy === strategy ? one.expected : 0), 0);
  return duration(given, strategy, requests, requestMs(given.pace, strategy, rows / Math.max(requests, 1)));
}

function fullDuration(given: Given, strategy: AskingName, requests: number): number {
  return duration(given, strategy, requests, fullMs(given, strategy));
}

function duration({ limits, lanes }: Given, strategy: AskingName, requests: number, ms: number): number {
  return durationOf({ requests, perMinute: limits[classOf[strategy]], lanes: lanes[strategy], ms });
}

/** Milliseconds of a full answer. */
function fullMs({ pace, strategies }: PlannerOptions, strategy: StrategyName): number {
  return requestMs(pace, strategy, strategies[strategy].rowsPerRequest);
}

function rowsOf(counts: readonly CountedNames[]): number {
  return counts.reduce((sum, { rows }) => sum + rows, 0);
}
