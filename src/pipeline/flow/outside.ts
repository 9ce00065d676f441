import { isEvery } from "../names/every.ts";
import { addDays, earlier, type Window } from "../window/days.ts";
import type { CompanyState, CompanyWindow } from "../window/window.ts";

type Range = { days: Window; names: string[] };

/** The loaded days before each company's window, and the names that have the same ones; none where they are of every company. */
export function rangesOutside(windows: readonly CompanyWindow[], states: readonly CompanyState[]): Range[] {
  const ranges: Range[] = [];
  for (const { company, names, window } of windows) {
    const state = states.find((known) => known.company === company);
    if (state === undefined) continue;
    const days = { from: state.loadedFrom, to: earlier(addDays(window.from, -1), state.loadedThrough) };
    if (days.from > days.to) continue;
    const held = names.filter((name) => state.names.includes(name));
    if (held.length === 0 && !isEvery(names)) continue;
    const same = ranges.find((range) => range.days.from === days.from && range.days.to === days.to);
    if (same === undefined) ranges.push({ days, names: held });
    else same.names.push(...held);
  }
  return ranges;
}
