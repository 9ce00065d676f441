import assert from "node:assert/strict";
import type { Engine } from "../../src/pipeline/flow/engine.ts";
import { type FlowSettings, runFlow } from "../../src/pipeline/flow/flow.ts";
import type {
  Commit,
  CommittedLoad,
  DbtResult,
  LoadResult,
  PendingBuild,
  Schedule,
} from "../../src/pipeline/flow/values.ts";
import type { SourceIndex } from "../../src/pipeline/health/health.ts";
import { summarize } from "../../src/pipeline/report/report.ts";
import type { Part } from "../../src/pipeline/scope/scope.ts";
import { stepHandlers } from "../../src/pipeline/steps/handlers.ts";
import type { Ports, Source, WindowRequest } from "../../src/pipeline/steps/ports.ts";
import type { Remembered, StoredCompany } from "../../src/pipeline/window/window.ts";
import { PipelineError } from "../../src/run/errors.ts";
import type { EventFacts } from "../../src/run/events.ts";
import { LocalEngine } from "../../src/runtime/local/engine.ts";
import { bulkStrategy } from "../../src/source/bulk/strategy.ts";
import { jumpingClock } from "./context.ts";
import { splitInto } from "./plans.ts";

const settings: FlowSettings = {
  runId: "run",
  file: null,
  source: "live",
  companies: ["a", "b"],
  startDate: "2026-01-01",
  asOf: "2026-11-20",
  lookBackDays: 60,
  strategy: "auto",
  limits: { search: null, export: null, document: null },
  timings: {},
  resetState: false,
  acceptWithdrawals: false,
  health: { onTrouble: "warn", mostGone: 0.05 },
  skipDbt: false,
  retryOf: null,
  backfill: null,
  extractTimeoutMs: 10_000,
  dbtTimeoutMs: 10_000,
};

export const loaded: LoadResult = {
  loadId: "load",
  loadNo: 1,
  expected: 5,
  inserted: 5,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  rejected: 0,
  held: 0,
  fields: { unknown: [], missing: [], emptied: [], responses: [] },
};
/** The result of a load with an id of its own. */
export const loadedAs = (id: string, change: Partial<LoadResult> = {}): LoadResult => ({
  ...{ ...loaded, loadId: `load ${id}` },
  ...change,
});
export const built: DbtResult = {
  state: "Completed",
  models: 9,
  tests: 36,
  failures: 0,
  warnings: 0,
  nodes: [],
  failed: [],
  marts: ["fct_complaints"],
};

/** The days of a first run, in two parts. */
export const halves: Part[] = [
  { window: { from: "2026-01-01", to: "2026-05-31" }, strategy: "pages" },
  { window: { from: "2026-06-01", to: "2026-11-20" }, strategy: "pages" },
];

const wellIndex: SourceIndex = { rows: 5, lastIndexed: "today", isStale: false, hasIssue: false };

type World = {
  index: SourceIndex;
  bulk: Source["bulk"];
  load(scope: string): LoadResult;
  /** How the window of a company is read, where it is in parts. */
  parts: Record<string, Part[]>;
  reconcile(): LoadResult;
  /** What earlier runs committed. */
  done: CommittedLoad[];
  build(): DbtResult;
  owed: PendingBuild[];
  hasRead: boolean;
  states: StoredCompany[];
};

const unused = () => assert.fail("nothing is exported here");

/** The flow over ports that only remember what they were asked. */
export async function flow(
  world: Partial<World> = {},
  change: Partial<FlowSettings> = {},
  through: (...given: Parameters<typeof runFlow>) => Engine = (engine) => engine,
) {
  const done: string[] = [];
  const events: EventFacts[] = [];
  const report = (event: EventFacts) => void events.push(event);
  const clock = jumpingClock();
  const { build = () => built, hasRead = false, states = [], parts = {} } = world;
  const { load = loadedAs, reconcile = () => loadedAs("whole", { deleted: 2 }) } = world;
  const owed = [...(world.owed ?? [])];
  const committed: Commit[] = [];
  const landed: string[] = [];
  const windows: WindowRequest[] = [];
  const ports: Ports = {
    report,
    source: {
      async findNames(texts) {
        const candidates = texts.map((company) => ({
          company,
          matches: [{ name: company.toUpperCase(), count: 1 }],
          holding: [],
          suggestions: [],
        }));
        return { candidates, index: world.index ?? wellIndex };
      },
      count: async (lists) => ({ counts: lists.map((names) => [{ names: [...names], rows: 5 }]), answerMs: 1 }),
      landedScopes: async () => [],
      countByName: async () => ({ counts: [], capped: true }),
      bulk: world.bulk ?? null,
      strategies: {
        export: { rowsPerRequest: 100, cost: unused, extract: unused, discard: unused },
        bulk: {
          ...bulkStrategy(null),
          async *extract({ id }) {
            done.push(`read ${id}`);
            yield { path: "/zip", format: "bulk-zip", rows: 5, bytes: 1, sha256: null };
            return { expected: null, lastIndexed: null, askedOn: "2026-11-20" };
          },
        },
        pages: {
          rowsPerRequest: 100,
          cost: () => ({ requests: { search: 1, export: 0, document: 0 }, bytes: 1 }),
          async *extract({ id }, { start: landing }) {
            done.push(`extract ${id}`);
            landed.push(landing);
            yield { path: "/page", format: "search-json", rows: 5, bytes: 1, sha256: "ab" };
            return { expected: 5, lastIndexed: null, askedOn: "2026-11-20" };
          },
          async discard({ start: landing }) {
            done.push(`discard ${landed.indexOf(landing) + 1} of ${landed.length}`);
          },
        },
      },
    },
    warehouse: {
      loadsFor: async () => world.done ?? [],
      pendingBuild: async () => owed.shift() ?? { isPending: true, reason: "test" },
      unfinishedLoads: async () => world.done ?? [],
      rowsByDay: async () => [],
      daysOfLaterIndex: async () => [],
      hasLoadedIndex: async (index) => hasRead && index === "today",
      async load({ scope }, files) {
        while (!(await files.next()).done);
        const result = load(scope.id);
        done.push(`load ${scope.id}`);
        return result;
      },
      async reconcileWindow(request) {
        done.push(`reconcile ${request.company}`);
        windows.push(request);
        return reconcile();
      },
      async assertLoaded() {},
      distributions: async () => [{ field: "company", values: [] }],
      async commit(commit) {
        committed.push(commit);
        done.push("commit");
      },
      async publish() {
        done.push("publish");
        return { snapshot: "s", tables: 1, rows: { fct_complaints: 7 }, reason: null };
      },
      async handOver(build) {
        done.push("close");
        return build();
      },
    },
    transform: {
      project: () => "project",
      warmUp: () => void done.push("warm up"),
      async build() {
        done.push("build");
        return build();
      },
    },
  };
  const handlers = stepHandlers(ports);
  const local = new LocalEngine({
    handlers: {
      ...handlers,
      async plan(input, context) {
        const planned = (await handlers.plan(input, context)) as Schedule;
        return splitInto(planned, ({ company }) => parts[company]);
      },
    },
    signal: new AbortController().signal,
    report,
    clock,
    policy: { retries: 2, delayMs: 1, longestMs: 10 },
  });
  const given: [FlowSettings, Remembered] = [
    { ...settings, ...change },
    { companies: states, untracked: [], index: null },
  ];
  const { outcome } = await runFlow(through(local, ...given), ...given);
  assert.ok(outcome !== null);
  return { done, events, committed, landed, windows, outcome, report: summarize(outcome, settings.companies) };
}

const gone = new PipelineError({
  code: "source_not_found",
  message: "It is gone. Asked: http://x",
  data: "d",
  next: "n",
});
/** A file of everything that ends a day before the last one, or cannot be fetched. */
export const bulkThatIs = (state: "here" | "gone"): Source["bulk"] => ({
  look: async () => ({ etag: "a", day: "2026-11-20", bytes: 20 }),
  here: async () => null,
  fetch: async () =>
    state === "gone" ? Promise.reject(gone) : { day: "2026-11-20", newest: "2026-11-19", bytes: 20, rows: 1 },
});
/** Of a source that answers so slowly that a file of everything is quicker. */
export const slowly: Partial<FlowSettings> = { timings: { pages: { rows: 5, ms: 900_000 } } };

const failing = (company: string): LoadResult => {
  if (company === "a") throw new PipelineError({ code: "source_refused", message: "m", data: "d", next: "n" });
  return loaded;
};
/** Runs of all kinds, by what they are. */
export const worlds: [what: string, world: Partial<World>, change: Partial<FlowSettings>][] = [
  ["a whole run", {}, {}],
  ["a company that fails", { load: failing }, {}],
  ["a build that fails", { build: () => ({ ...built, state: "Failed", failures: 1 }) }, {}],
  ["a run without dbt", {}, { skipDbt: true }],
  ["a backfill", {}, { backfill: { from: "2026-02-01", to: "2026-02-02" } }],
  ["a window in scopes", { parts: { a: halves } }, {}],
  [
    "a retry",
    {
      parts: { a: halves },
      done: [
        {
          company: "a",
          scope: "a 2026-01-01..2026-05-31",
          names: ["A"],
          window: halves[0]!.window,
          result: loadedAs("before"),
        },
      ],
    },
    { retryOf: { runIds: ["r"], since: "2026-11-20T00:00:00Z", asOf: "2026-11-20", acceptsOtherLoads: true } },
  ],
  ["a file of everything that is gone when it is fetched", { bulk: bulkThatIs("gone") }, slowly],
  ["a file of the user's", {}, { file: { path: "/data/all.zip", format: "bulk-zip", bytes: 7, day: "2026-11-19" } }],
  ["nothing new", { owed: [{ isPending: false, reason: "nothing new" }] }, {}],
];
