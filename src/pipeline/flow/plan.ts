import { minuteMs } from "../window/units.ts";
import type { CompanyWindow } from "../window/window.ts";
import type { PlannedCompany } from "./steps.ts";

/** Bytes of a complaint in an answer, without its text: an average over recorded answers. */
const bytesPerRow = 640;

/** What a run would do. */
export type Plan = {
  companies: PlannedCompany[];
  /** Requests that the run sends: the pages, one for the names, and one for each range of loaded days that it does not read. */
  requests: number;
  bytes: number;
  /** Milliseconds that the rate budget takes at least. */
  etaMs: number;
};

/** How a company would be read. `groups` are the rows of each group of names that is asked for by itself. */
export function planCompany(window: CompanyWindow, groups: readonly number[], pageSize: number): PlannedCompany {
  const expected = groups.reduce((sum, rows) => sum + rows, 0);
  const requests = groups.reduce((sum, rows) => sum + Math.max(Math.ceil(rows / pageSize), 1), 0);
  return { ...window, expected, strategy: "pages", requests, bytes: expected * bytesPerRow };
}

/** `perMinute` may be Infinity. */
export function planRun(companies: PlannedCompany[], rangesOutside: number, perMinute: number): Plan {
  const requests = 1 + rangesOutside + companies.reduce((sum, company) => sum + company.requests, 0);
  // So many may go at once; each further minute allows as many again.
  const etaMs = Math.max(Math.ceil(requests / perMinute) - 1, 0) * minuteMs;
  return { companies, requests, bytes: companies.reduce((sum, { bytes }) => sum + bytes, 0), etaMs };
}
