import type { IndexState } from "../health/health.ts";
import { isEvery } from "../names/every.ts";
import { addDays, type Day, earlier, later, type Window } from "./days.ts";
import { daysIn, gapsIn, type Ranges, startOfRange, withWindow } from "./ranges.ts";

/** The days of a name that loads read completely. */
export type NameDays = { name: string; days: Ranges };

/** What the warehouse remembers of a company whose load was committed. */
export type CompanyState = {
  company: string;
  /** The names of which all days from `loadedFrom` to `loadedThrough` were read. */
  names: string[];
  /** First day that was loaded. */
  loadedFrom: Day;
  /** The watermark: the last day asked for, up to which there is no gap. */
  loadedThrough: Day;
  /** What was read of each name: these names, and those that were not read through the watermark yet. */
  loaded: NameDays[];
};

/** A name with its live rows. */
export type NameRows = { name: string; rows: number };

/** A company's state with how many live rows its names have. */
export type StoredCompany = CompanyState & { rows: number; rowsByName: NameRows[] };

/** What the warehouse remembers. */
export type Remembered = {
  companies: StoredCompany[];
  /** Names with live rows that no company holds: of a text that means others now, or loaded by a backfill alone. */
  untracked: NameRows[];
  /** The source's index as the last run found it; null where none did. */
  index: (IndexState & { source: string }) | null;
};

/** The names that were loaded under a company; none of the text that means every company. */
export function loadedNames({ names, loaded }: CompanyState): string[] {
  return [...new Set([...names, ...loaded.map(({ name }) => name)])].filter((name) => name !== everyName);
}

/** What the days of every company are remembered under. */
const everyName = "";

/** What days are remembered under: each of the names, or all of them together. */
export function rangeNames(names: readonly string[]): readonly string[] {
  return isEvery(names) ? [everyName] : names;
}

export type WindowSettings = { startDate: Day; asOf: Day; lookBackDays: number; resetState: boolean };

export type CompanyWindow = { company: string; names: string[]; window: Window; why: string };

/**
 * The days to read of one company, and why. Never later than as-of minus look-back, and never with a gap behind it
 * (invariant 2).
 */
export function resolveWindow(
  settings: WindowSettings,
  company: { company: string; names: string[] },
  state: CompanyState | undefined,
): CompanyWindow {
  const { startDate, asOf, lookBackDays, resetState } = settings;
  const all = (why: string): CompanyWindow => ({ ...company, window: { from: startDate, to: asOf }, why });
  if (state === undefined) return all("first run");
  if (resetState) return all("state reset");
  const watermark = earlier(state.loadedThrough, asOf);
  const lookedBack = earlier(later(addDays(watermark, -lookBackDays), state.loadedFrom), asOf);
  const unread = unreadDays(state, company.names, { from: earlier(startDate, state.loadedFrom), to: watermark });
  const from = unread.reduce((first, gap) => earlier(first, gap.from), lookedBack);
  return { ...company, window: { from, to: asOf }, why: reasonOf(settings, company.names, state, watermark, unread) };
}

/** The days of a window that were not read of every one of the names. */
function unreadDays(state: CompanyState, names: readonly string[], window: Window): Ranges {
  const gaps = rangeNames(names).flatMap((name) => gapsIn(daysOf(state, name), window));
  return gaps.reduce<Ranges>((all, gap) => withWindow(all, gap), []);
}

function reasonOf(
  { startDate, lookBackDays }: WindowSettings,
  names: readonly string[],
  state: CompanyState,
  watermark: Day,
  unread: Ranges,
): string {
  if (unread.length > 0 && startDate < state.loadedFrom) return `start date moved back from ${state.loadedFrom}`;
  const added = names.filter((name) => !state.names.includes(name));
  if (unread.length > 0 && added.length > 0) return `new name: ${added.join(", ")}`;
  if (unread.length > 0) {
    const days = daysIn(unread);
    return `${days} ${days === 1 ? "day was" : "days were"} never read, the first of them ${unread[0]?.from}`;
  }
  return `look-back ${lookBackDays} days from ${watermark}`;
}

/**
 * What is remembered after a load of `window`: the watermark moves forward, back only by a reset. Only what was read without a gap is
 * between its two days (invariant 2): a load of earlier days is remembered beside them until the days between are read, and so is a name
 * that was not read through the watermark.
 */
export function nextState(
  loaded: CompanyWindow,
  state: CompanyState | undefined,
  resetState: boolean,
): Omit<CompanyState, "company"> {
  const { window, names } = loaded;
  if (state === undefined || resetState) {
    const days = rangeNames(names).map((name) => ({ name, days: [window] }));
    return { names, loadedFrom: window.from, loadedThrough: window.to, loaded: days };
  }
  const ranges = rangeNames(names);
  const days = withDays(state, names, window).loaded.filter(({ name }) => ranges.includes(name));
  const loadedThrough = later(window.to, state.loadedThrough);
  const startOf = (name: string) => startOfRange(daysOf({ loaded: days }, name), loadedThrough);
  const isUnbroken = (name: string) => (startOf(name) ?? addDays(loadedThrough, 1)) <= state.loadedFrom;
  const before = rangeNames(state.names);
  const held = ranges.filter((name) => before.includes(name) || isUnbroken(name));
  const starts = held.map((name) => startOf(name) ?? state.loadedFrom);
  const loadedFrom = earlier(starts.reduce(later, starts[0] ?? state.loadedFrom), state.loadedFrom);
  return { names: isEvery(names) ? [] : held, loadedFrom, loadedThrough, loaded: days };
}

/** The state with the days of a window added to what was read of the names; its own two days stay as they are. */
export function withDays(state: CompanyState, names: readonly string[], window: Window): Omit<CompanyState, "company"> {
  const ranges = rangeNames(names);
  const others = state.loaded.filter(({ name }) => !ranges.includes(name));
  const read = ranges.map((name) => ({ name, days: withWindow(daysOf(state, name), window) }));
  const { loadedFrom, loadedThrough } = state;
  return { names: state.names, loadedFrom, loadedThrough, loaded: [...others, ...read] };
}

function daysOf({ loaded }: Pick<CompanyState, "loaded">, name: string): Ranges {
  return loaded.find((one) => one.name === name)?.days ?? [];
}
