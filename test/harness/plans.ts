import type { PlannedWindow, Schedule } from "../../src/pipeline/flow/values.ts";
import { type Part, withScopes } from "../../src/pipeline/scope/scope.ts";
import type { CompanyWindow } from "../../src/pipeline/window/window.ts";
import { pagesCost } from "../../src/source/pages/strategy.ts";

/** A window as one scope that is read by pages; `groups` are the rows of each group of names. */
export function plannedByPages(window: CompanyWindow, groups: readonly number[], pageSize: number): PlannedWindow {
  const { company, names, window: days } = window;
  const expected = groups.reduce((sum, rows) => sum + rows, 0);
  const counts = groups.map((rows) => ({ names, rows }));
  const scope = { id: company, company, names, window: days, strategy: "pages" as const };
  return { ...window, scopes: [{ ...scope, expected, cost: pagesCost(counts, pageSize) }] };
}

/** The schedule with other scopes, where `partsOf` a window gives some. */
export function splitInto(schedule: Schedule, partsOf: (window: PlannedWindow) => Part[] | undefined): Schedule {
  const windows = schedule.windows.map((window) => {
    const { scopes } = withScopes(window, partsOf(window) ?? window.scopes);
    const [first] = window.scopes;
    return { ...window, scopes: scopes.map((scope) => ({ ...first!, ...scope })) };
  });
  return { ...schedule, windows };
}
