import { addDays, type Day, earlier, later, type Window } from "./days.ts";

/** What the warehouse remembers of a company whose load was committed. */
export type CompanyState = {
  company: string;
  names: string[];
  /** First day that was loaded. */
  loadedFrom: Day;
  /** The watermark: the last day asked for, up to which there is no gap. */
  loadedThrough: Day;
};

/** A company's state with how many live rows its names have. */
export type StoredCompany = CompanyState & { rows: number };

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
  if (startDate < state.loadedFrom) return all(`start date moved back from ${state.loadedFrom}`);
  const added = company.names.filter((name) => !state.names.includes(name));
  if (added.length > 0) {
    return { ...company, window: { from: state.loadedFrom, to: asOf }, why: `new name: ${added.join(", ")}` };
  }
  const watermark = earlier(state.loadedThrough, asOf);
  const from = earlier(later(addDays(watermark, -lookBackDays), state.loadedFrom), asOf);
  return { ...company, window: { from, to: asOf }, why: `look-back ${lookBackDays} days from ${watermark}` };
}

/** What is remembered after a load of `window`: the watermark moves forward, back only by a reset (invariant 2). */
export function nextState(
  loaded: CompanyWindow,
  state: CompanyState | undefined,
  resetState: boolean,
): Omit<CompanyState, "company"> {
  const { window, names } = loaded;
  if (state === undefined || resetState) return { names, loadedFrom: window.from, loadedThrough: window.to };
  return {
    names,
    loadedFrom: earlier(window.from, state.loadedFrom),
    loadedThrough: later(window.to, state.loadedThrough),
  };
}
