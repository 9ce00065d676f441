import type { PlannedCompany } from "../../src/pipeline/flow/values.ts";
import type { CompanyWindow } from "../../src/pipeline/window/window.ts";
import { pagesCost } from "../../src/source/pages/strategy.ts";

/** A window as one scope that is read by pages; `groups` are the rows of each group of names. */
export function plannedByPages(window: CompanyWindow, groups: readonly number[], pageSize: number): PlannedCompany {
  const { company, window: days } = window;
  const expected = groups.reduce((sum, rows) => sum + rows, 0);
  const counts = groups.map((rows) => ({ names: window.names, rows }));
  const scope = { id: company, company, window: days, strategy: "pages" as const };
  return { ...window, scopes: [{ ...scope, expected, cost: pagesCost(counts, pageSize) }] };
}
