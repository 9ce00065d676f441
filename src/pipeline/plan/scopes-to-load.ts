import type { PlannedScope, PlannedWindow } from "../flow/values.ts";
import { type Part, type ScopedWindow, withScopes } from "../scope/scope.ts";
import { addDays, type Day } from "../window/days.ts";
import { cutEvenly } from "./days.ts";

/** Rows of a scope that is read by pages in place of a file: what is loaded stays, whatever becomes of the next one. */
const rowsOfScope = 200_000;

/** The scopes of a planned window, without what the plan says of them. */
export function withoutPlan({ scopes, ...window }: PlannedWindow): ScopedWindow {
  return { ...window, scopes: scopes.map(({ expected: _, cost: __, ...scope }) => scope) };
}

/**
 * The scopes of a planned window as they are read: those of the file of everything end at the newest day in it, and pages follow; null where there is
 * no such file after all.
 */
export function scopesToLoad(planned: PlannedWindow, newest: Day | null): ScopedWindow {
  const { scopes, ...window } = planned;
  const parts: Part[] = [];
  let isBehindFile = false;
  for (const scope of scopes) {
    const last = parts.at(-1);
    // Of the days behind the newest of a file few have rows: they are read with those that were planned to follow.
    if (isBehindFile && scope.strategy === "pages") last!.window = { from: last!.window.from, to: scope.window.to };
    else parts.push(...(scope.strategy === "bulk" ? partsOf(scope, newest) : [scope]));
    isBehindFile = scope.strategy === "bulk" && newest !== null && newest < scope.window.to;
  }
  return withScopes(window, parts);
}

function partsOf({ window: days, expected }: PlannedScope, newest: Day | null): Part[] {
  if (newest !== null && newest >= days.to) return [{ window: days, strategy: "bulk" }];
  if (newest === null) {
    const cut = cutEvenly([{ days, rows: expected }], Math.max(Math.ceil(expected / rowsOfScope), 1));
    return cut.map((part) => ({ window: part.days, strategy: "pages" }));
  }
  if (newest < days.from) return [{ window: days, strategy: "pages" }];
  return [
    { window: { from: days.from, to: newest }, strategy: "bulk" },
    { window: { from: addDays(newest, 1), to: days.to }, strategy: "pages" },
  ];
}
