import { runFlow } from "../../src/pipeline/flow/flow.ts";
import type { Evidence, LandedFile } from "../../src/pipeline/flow/values.ts";
import type { Scope } from "../../src/pipeline/scope/scope.ts";
import type { RateClass } from "../../src/pipeline/scope/strategy.ts";
import { stepHandlers } from "../../src/pipeline/steps/handlers.ts";
import type { Ports, Strategy, TaskContext } from "../../src/pipeline/steps/ports.ts";
import { addDays, daysBetween, type Window } from "../../src/pipeline/window/days.ts";
import { LocalEngine } from "../../src/runtime/local/engine.ts";
import { ownBudgets } from "../../src/source/budget/own.ts";
import { bulkStrategy } from "../../src/source/bulk/strategy.ts";
import { exportCost } from "../../src/source/export/strategy.ts";
import { pagesCost } from "../../src/source/pages/strategy.ts";

/**
 * How close a run comes to the best schedule under the source's limits: the flow, the planner, the handlers and the budgets are the real ones; the
 * source only counts, and its answers take as long as the live one's do. The clock jumps from one event to the next.
 */

const limits = { search: 20, export: 2, document: 5 };
const pageRows = 10_000;
const exportRows = 100_000;
/** Milliseconds of a count, a full page and a full export. */
const answerMs = 300;
const pageMs = 12_000;
const exportMs = 120_000;
/** Pages that are under way at once: 20 a minute, 12 s each. */
const lanes = 4;

/** A clock that jumps to the next sleeper once nothing else is to be done. */
class JumpingClock {
  #now = 0;
  readonly #sleepers: { at: number; wake(): void }[] = [];

  readonly clock = {
    now: () => this.#now,
    monotonic: () => this.#now,
    random: () => 0.5,
    sleep: (ms: number) =>
      new Promise<void>((wake) => {
        this.#sleepers.push({ at: this.#now + ms, wake });
      }),
  };

  /** Resolves when the work does; returns the milliseconds that it took. */
  async run(work: Promise<unknown>): Promise<number> {
    let isOver = false;
    void work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#sleepers.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) continue;
      this.#now = next.at;
      next.wake();
    }
    await work;
    return this.#now;
  }
}

/** Complaints of a company on a day: more from day to day, fewer at weekends, and never the same. */
function density(share: number, first: string): (day: string) => number {
  return (day) => {
    const number = daysBetween(first, day);
    const weekday = number % 7 < 5 ? 1.2 : 0.5;
    const noise = 0.8 + (((number * 2_654_435_761) % 1000) / 1000) * 0.4;
    return Math.round(share * (4000 + 10.2 * number) * weekday * noise);
  };
}

/** Complaints of the whole database in each year. Source: docs/source.md. */
const yearly: Record<string, number> = {
  ...{ 2011: 2_500, 2012: 72_000, 2013: 108_000, 2014: 153_000, 2015: 168_000, 2016: 191_000, 2017: 243_000 },
  ...{ 2018: 257_000, 2019: 277_000, 2020: 444_000, 2021: 496_000, 2022: 800_000, 2023: 1_290_000 },
  ...{ 2024: 2_730_000, 2025: 5_440_000, 2026: 6_000_000 },
};

/** Between the middles of two years the days become more evenly. */
function everything(day: string): number {
  const [year, month] = day.split("-").map(Number) as [number, number];
  const other = month < 7 ? year - 1 : year + 1;
  const share = Math.abs(month - 6.5) / 12;
  const here = yearly[year]!;
  return Math.round((here + ((yearly[other] ?? here) - here) * share) / 365);
}

type Case = { name: string; window: Window; companies: Record<string, (day: string) => number> };
const from = "2024-01-01";
const cases: Case[] = [
  {
    name: "the default configuration, first run",
    window: { from, to: "2026-11-30" },
    companies: { jpmorgan: () => 66, "bank of america": () => 51 },
  },
  {
    name: "three companies, 10 million rows",
    window: { from, to: "2026-11-30" },
    companies: { equifax: density(0.36, from), transunion: density(0.34, from), experian: density(0.3, from) },
  },
  {
    name: "everything",
    window: { from: "2011-12-01", to: "2026-11-30" },
    companies: { all: everything },
  },
];

async function simulate({ window, companies }: Case) {
  const time = new JumpingClock();
  const { clock } = time;
  const budgets = ownBudgets(limits, clock);
  const rowsIn = ([name = "all"]: readonly string[], days: Window) => {
    let rows = 0;
    for (let day = days.from; day <= days.to; day = addDays(day, 1)) rows += companies[name.toLowerCase()]!(day);
    return rows;
  };
  let requests = 0;
  async function ask(rateClass: RateClass, ms: number, { signal }: TaskContext): Promise<void> {
    await budgets[rateClass].take(signal, () => undefined);
    requests++;
    await clock.sleep(ms);
  }
  const evidence = (expected: number): Evidence => ({ expected, lastIndexed: null, askedOn: window.to });
  const file = (rows: number): LandedFile => ({ path: "/f", format: "search-json", rows, bytes: 1, sha256: "" });
  const rowsOf = ({ names, window: days }: Scope) => rowsIn(names, days);
  const pages: Strategy = {
    rowsPerRequest: pageRows,
    cost: (counts) => pagesCost(counts, pageRows),
    async *extract(scope, _, context) {
      const all = rowsOf(scope);
      for (let left = all; left > 0; left -= pageRows) {
        const rows = Math.min(left, pageRows);
        await ask("search", answerMs + ((pageMs - answerMs) * rows) / pageRows, context);
        yield file(rows);
      }
      return evidence(all);
    },
    discard: async () => undefined,
  };
  const exports: Strategy = {
    rowsPerRequest: exportRows,
    cost: exportCost,
    async *extract(scope, _, context) {
      const all = rowsOf(scope);
      await ask("search", answerMs, context);
      // One that has grown too large is cut in halves.
      const parts = all > exportRows ? 2 : 1;
      for (let part = 0; part < parts; part++) {
        if (parts > 1) await ask("search", answerMs, context);
        await ask("export", answerMs + ((exportMs - answerMs) * all) / parts / exportRows, context);
        yield file(all / parts);
      }
      return evidence(all);
    },
    discard: async () => undefined,
  };
  const none = { unknown: [], missing: [], emptied: [], responses: [] };
  const result = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, rejected: 0, held: 0, fields: none };
  let loads = 0;
  const ports: Ports = {
    report: () => undefined,
    source: {
      async findNames(texts, context) {
        await ask("search", answerMs, context);
        const candidates = texts.map((company) => ({
          ...{ company, matches: [{ name: company.toUpperCase(), count: 1 }], holding: [], suggestions: [] },
        }));
        return { candidates, index: { rows: 1, lastIndexed: null, isStale: false, hasIssue: false } };
      },
      async count(lists, days, context) {
        await ask("search", answerMs, context);
        const counts = lists.map((names) => [{ names: [...names], rows: rowsIn(names, days) }]);
        return { counts, answerMs };
      },
      countByName: async () => ({ counts: [], capped: false }),
      landedScopes: async () => [],
      strategies: {
        pages,
        export: exports,
        bulk: bulkStrategy(null),
      },
      bulk: null,
    },
    warehouse: {
      loadsFor: async () => [],
      unfinishedLoads: async () => [],
      rowsByDay: async () => [],
      daysOfLaterIndex: async () => [],
      async load({ scope }, files) {
        let next = await files.next();
        while (!next.done) next = await files.next();
        return { ...result, loadId: scope.id, loadNo: ++loads, expected: next.value.expected ?? 0 };
      },
      reconcileWindow: async ({ company }) => ({ ...result, loadId: company, loadNo: ++loads, expected: 0 }),
      distributions: async () => [],
      pendingBuild: async () => ({ isPending: false, reason: "" }),
      hasLoadedIndex: async () => false,
      assertLoaded: async () => undefined,
      commit: async () => undefined,
      publish: async () => ({ snapshot: null, tables: 0, rows: {}, reason: null }),
      handOver: (build) => build(),
    },
    transform: {
      project: () => "",
      warmUp: () => undefined,
      build: () => Promise.reject(new Error("nothing is built")),
    },
  };
  const engine = new LocalEngine({
    handlers: stepHandlers(ports),
    signal: new AbortController().signal,
    report: (event) => {
      if (event.type === "run.planned") planned = { ...event };
    },
    clock,
    policy: { retries: 0, delayMs: 1, longestMs: 1 },
  });
  let planned: { etaMs: number; scopes: number; requests: number; reason: string } | undefined;
  const settings = {
    ...{ runId: "r", source: "live", companies: Object.keys(companies), startDate: window.from, asOf: window.to },
    ...{
      lookBackDays: 60,
      resetState: false,
      backfill: null,
      file: null,
      retryOf: null,
      strategy: "auto" as const,
      limits,
    },
    timings: { pages: { rows: pageRows, ms: pageMs }, export: { rows: exportRows, ms: exportMs } },
    health: { onTrouble: "warn" as const, mostGone: 0.05 },
    ...{ acceptWithdrawals: false, skipDbt: true, extractTimeoutMs: 3_600_000, dbtTimeoutMs: 1 },
  };
  const flow = runFlow(engine, settings, { companies: [], untracked: [], index: null });
  const ms = await time.run(flow);
  const { error } = await flow;
  if (error !== null) throw new Error(error.message);
  const rows = Object.keys(companies).reduce((sum, name) => sum + rowsIn([name], window), 0);
  return { ...planned!, ms, rows, requests };
}

/**
 * Minutes that no schedule can do with less: each minute (and half a second) lets so many requests of a class through, each export needs a count, and
 * what is sent last has to be answered, too.
 */
function bestMinutes(rows: number): number {
  const sent = (perMinute: number, ms: number) => (ms < 0 ? 0 : perMinute * (Math.floor(ms / 60_500) + 1));
  for (let ms = 0; ; ms += 1000) {
    const exports = sent(limits.export, ms - exportMs);
    const pages = Math.min(sent(limits.search, ms - pageMs) - exports, (ms / pageMs) * lanes);
    if (exports * exportRows + pages * pageRows >= rows) return ms / 60_000;
  }
}

for (const one of cases) {
  const { ms, rows, requests, scopes, etaMs, reason } = await simulate(one);
  const minutes = ms / 60_000;
  const best = bestMinutes(rows);
  console.log(`${one.name}: ${rows.toLocaleString("en-US")} rows, ${scopes} scopes, ${requests} requests`);
  console.log(`  planned ${(etaMs / 60_000).toFixed(1)} min (${reason})`);
  console.log(`  took ${minutes.toFixed(1)} min, best ${best.toFixed(1)} min: ${(minutes / best).toFixed(2)}`);
}
