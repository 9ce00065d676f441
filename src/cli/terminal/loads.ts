import { taskName } from "../../pipeline/flow/steps.ts";
import { formatCount, formatDuration } from "../../pipeline/report/format.ts";
import type { RunEvent } from "../../run/events.ts";
import { isFinal } from "../../run/states.ts";
import { type Extent, timeLeft } from "./time-left.ts";

type Load = {
  rows: number;
  expected: number;
  /** Rows that were there before it began: they say nothing of how fast it goes. */
  before: number;
  startedAt: number;
};

/** How far the loads of a run are, as lines. */
export class Loads {
  readonly #loads = new Map<string, Load>();
  #plan: { at: number; etaMs: number } | null = null;

  take(event: RunEvent): void {
    const at = Date.parse(event.at);
    if (event.type === "run.planned") this.#plan = { at, etaMs: event.etaMs };
    if (event.type === "scopes.planned") {
      for (const { scope, expected } of event.scopes) {
        const name = taskName("extract_and_load_complaints", { company: event.company, scope });
        this.#loads.set(name, { rows: 0, expected, before: 0, startedAt: at });
      }
    }
    const load = "task" in event ? this.#loads.get(event.task) : undefined;
    if (load === undefined) return;
    if (event.type === "task.state" && event.state === "Running") load.startedAt = at;
    // What failed is not read any more, either.
    if (event.type === "task.state" && isFinal(event.state)) load.rows = load.expected;
    if (event.type === "task.state" && event.state === "Skipped") load.before = load.expected;
    if (event.type === "landed.reused")
      Object.assign(load, { rows: event.rows, before: event.rows, expected: event.total });
    if (event.type === "page.landed") {
      load.rows = (event.page === 1 ? 0 : load.rows) + event.rows;
      load.expected = event.total;
    }
  }

  /** How far one is; null where all of its rows are there. */
  lineOf(task: string, now: number): string | null {
    const load = this.#loads.get(task);
    return load === undefined ? null : lineOf({ ...load, elapsedMs: now - load.startedAt, plannedMs: null });
  }

  /** How far all are together; null where there is one alone, or nothing is left. */
  total(now: number): string | null {
    if (this.#plan === null || this.#loads.size < 2) return null;
    const all = [...this.#loads.values()];
    const sum = (of: "rows" | "expected" | "before") => all.reduce((total, load) => total + load[of], 0);
    const { at, etaMs } = this.#plan;
    const extent = { rows: sum("rows"), expected: sum("expected"), before: sum("before") };
    return lineOf({ ...extent, elapsedMs: now - at, plannedMs: etaMs });
  }
}

function lineOf(extent: Extent): string | null {
  const { rows, expected, before, elapsedMs } = extent;
  if (rows >= expected) return null;
  const read = rows - before;
  const rate = elapsedMs > 0 && read > 0 ? `, ${formatCount(Math.round((read * 1000) / elapsedMs))} rows/s` : "";
  const left = timeLeft(extent);
  const time = left === null ? "" : `, about ${formatDuration(left)} left`;
  return `${formatCount(rows)} of ${formatCount(expected)} rows${rate}${time}`;
}
