import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ErrorCode } from "../../src/run/errors.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { temporaryFolder } from "../harness/context.ts";
import { runInProcess } from "../harness/in-process.ts";
import { jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";
import { query } from "../harness/warehouse.ts";

const [before1, night] = ["2026-11-17", "2026-11-20"];
const startDate = "2026-08-01";
const config = { startDate, pageSize: 60, lookBackDays: 200, requestTimeoutSeconds: 0.25 };

/** Where a fault strikes: the question for the names, or a page of the first company. */
const phases = ["names", "first page", "between pages", "last page"] as const;
type Phase = (typeof phases)[number];

/**
 * Kept apart: single rows that cannot be read; the others are loaded, and nothing is withdrawn. Withdrew nothing: the source is not well, and
 * everything else was done.
 */
type Outcome = "survived" | "kept apart" | "withdrew nothing" | ErrorCode;
type Row = [fault: Fault, goesAway: Outcome, stays: Outcome, elsewhere?: Partial<Record<Phase, [Outcome, Outcome]>>];

/** What becomes of each fault when it strikes once, and when it strikes every time. */
const table: Row[] = [
  [{ kind: "latency", ms: 20 }, "survived", "survived"],
  [{ kind: "throttled", retryAfter: 0 }, "survived", "source_throttled"],
  [{ kind: "throttled", retryAfter: "Fri, 20 Nov 2026 10:00:00 GMT" }, "survived", "source_throttled"],
  [{ kind: "throttled" }, "survived", "source_throttled"],
  [{ kind: "answer", status: 408 }, "survived", "source_unavailable"],
  [{ kind: "answer", status: 424 }, "survived", "source_unavailable"],
  [{ kind: "answer", status: 500 }, "survived", "source_unavailable"],
  [{ kind: "html", status: 502 }, "survived", "source_unavailable"],
  [{ kind: "html", status: 200 }, "survived", "source_html"],
  [{ kind: "html", status: 403 }, "source_refused", "source_refused"],
  [{ kind: "answer", status: 400 }, "source_rejected", "source_rejected"],
  [{ kind: "answer", status: 404 }, "source_not_found", "source_not_found"],
  [{ kind: "answer", status: 302 }, "source_unexpected", "source_unexpected"],
  [{ kind: "answer", status: 200, body: "{}" }, "source_unexpected", "source_unexpected"],
  [{ kind: "cut", bytes: 200 }, "survived", "source_cut"],
  [{ kind: "cut", bytes: 200, chunked: true }, "survived", "source_cut"],
  [{ kind: "reset" }, "survived", "source_unreachable"],
  [{ kind: "reset", bytes: 200 }, "survived", "source_cut"],
  [{ kind: "hang" }, "survived", "source_timeout"],
  [{ kind: "hang", bytes: 200 }, "survived", "source_timeout"],
  [{ kind: "drip", bytes: 10, everyMs: 20 }, "survived", "source_timeout"],
  [{ kind: "gzip-rubbish" }, "survived", "source_cut"],
  [{ kind: "partial", sign: "timed_out" }, "survived", "source_partial"],
  [{ kind: "partial", sign: "shards" }, "survived", "source_partial"],
  // Names are taken from the buckets; the total says whether the source is well.
  [{ kind: "total", add: 3 }, "survived", "index_moved", { names: ["survived", "survived"] }],
  [{ kind: "total", factor: 0.5 }, "survived", "index_moved", { names: ["withdrew nothing", "withdrew nothing"] }],
  [{ kind: "ignore-company" }, "survived", "index_moved", { names: ["survived", "survived"] }],
  [
    { kind: "meta", stale: true, issue: true },
    "survived",
    "survived",
    { names: ["withdrew nothing", "withdrew nothing"] },
  ],
  // One page in several without a key: what is stored of its rows stays, as the truth has it.
  [{ kind: "field", change: "added", key: "mood" }, "survived", "survived"],
  [
    { kind: "field", change: "missing", key: "complaint_id" },
    "rows_unreadable",
    "rows_unreadable",
    { names: ["survived", "survived"], "last page": ["kept apart", "kept apart"] },
  ],
  [
    { kind: "field", change: "renamed", key: "date_received" },
    "rows_unreadable",
    "rows_unreadable",
    { names: ["survived", "survived"], "last page": ["kept apart", "kept apart"] },
  ],
  [
    { kind: "field", change: "missing", key: "company" },
    "source_ignored_filter",
    "source_ignored_filter",
    { names: ["survived", "survived"] },
  ],
];

/** Faults on every page of the company. */
const everywhere: [Fault, Outcome][] = [
  [{ kind: "ignore-company" }, "source_ignored_filter"],
  [{ kind: "total", add: 3 }, "reconcile_failed"],
  [{ kind: "total", factor: 0.5 }, "withdrawals_refused"],
  [{ kind: "field", change: "retyped", key: "date_received" }, "rows_unreadable"],
  [{ kind: "field", change: "missing", key: "date_received" }, "rows_unreadable"],
];

describe("a fault of the source", () => {
  let source: TestSource;
  let prepared: string;
  before(async () => {
    source = await startTestSource({ scale: 0.05, churn: 5, asOf: before1, until: night });
    prepared = join(temporaryFolder(), "home");
    const report = await runInProcess({ home: prepared, source, config });
    assert.equal(report.state, "Completed");
    source.asOf = night;
  });
  after(() => source.close());

  /** Counts the pages of the first company's walks, and says which phase a request is in. */
  function phaser() {
    const pages: (string | null)[] = [];
    const last = Math.ceil(countOf(source) / config.pageSize) - 1;
    return (url: URL): Phase | "other" => {
      if (!url.searchParams.has("company")) return "names";
      if (!url.searchParams.getAll("company").includes(jpmorgan)) return "other";
      const at = url.searchParams.get("search_after");
      if (at === null) pages.length = 0;
      if (!pages.includes(at)) pages.push(at);
      const page = pages.indexOf(at);
      return page === 0 ? "first page" : page === last ? "last page" : page === 1 ? "between pages" : "other";
    };
  }

  async function strike(fits: (url: URL) => boolean, fault: Fault, times: number) {
    const home = join(temporaryFolder(), "home");
    cpSync(prepared, home, { recursive: true });
    let struck = 0;
    source.intercept = (url) => (fits(url) && struck++ < times ? fault : undefined);
    const report = await runInProcess({ home, source, config });
    assert.ok(struck > 0, "the fault struck");
    return { home, report, database: join(home, "cfpb_complaints.duckdb") };
  }

  async function check(
    { home, report, database }: Awaited<ReturnType<typeof strike>>,
    expected: Outcome,
    atNames: boolean,
  ) {
    const watermarks = await query(database, "select company, loaded_through::varchar from pipeline.state order by 1");
    if (expected === "survived") {
      assert.deepEqual(readdirSync(join(home, "landing")), [], "no landing file is left");
      assert.equal(report.error, null, JSON.stringify(report.error));
      assert.deepEqual(watermarks, [
        ["bank of america", night],
        ["jpmorgan", night],
      ]);
      await assertTrue({ database }, source, night, { from: startDate, to: night });
      return;
    }
    if (expected === "withdrew nothing") {
      assert.equal(report.error, null);
      assert.ok(report.warnings.some(({ code }) => code.startsWith("source_")));
      const sum = (key: "inserted" | "deleted") => report.companies.reduce((all, company) => all + company[key], 0);
      assert.ok(sum("inserted") > 0);
      assert.equal(sum("deleted"), 0);
      return;
    }
    if (expected === "kept apart") {
      assert.equal(report.error, null);
      const { rejected = 0, deleted } = report.companies.find(({ company }) => company === "jpmorgan") ?? {};
      assert.ok(rejected > 0 && deleted === 0, `${rejected} rejected, ${deleted} deleted`);
      const held = await query(database, "select count(*) from raw.cfpb_complaints_rejected");
      assert.deepEqual(held, [[String(rejected)]]);
      return;
    }
    const failed = atNames ? report.error : report.companies.find(({ company }) => company === "jpmorgan")?.error;
    assert.equal(failed?.code, expected, JSON.stringify(report.error));
    assert.deepEqual(watermarks, [
      ["bank of america", atNames ? before1 : night],
      ["jpmorgan", before1],
    ]);
    const touched = await query(database, `select count(*) from pipeline.loads where company = 'jpmorgan'`);
    assert.deepEqual(touched, [["1"]], "nothing of the company was loaded");
  }

  for (const [fault, goesAway, stays, elsewhere = {}] of table) {
    for (const phase of phases) {
      const [once, always] = elsewhere[phase] ?? [goesAway, stays];
      for (const [times, expected] of [
        [1, once],
        [Number.POSITIVE_INFINITY, always],
      ] as const) {
        it(`${JSON.stringify(fault)} at ${phase}, ${times === 1 ? "once" : "always"}: ${expected}`, async () => {
          const phaseOf = phaser();
          const struck = await strike((url) => phaseOf(url) === phase, fault, times);
          await check(struck, expected, phase === "names");
        });
      }
    }
  }

  for (const [fault, expected] of everywhere) {
    it(`${JSON.stringify(fault)} on every page: ${expected}`, async () => {
      const fits = (url: URL) => url.searchParams.getAll("company").includes(jpmorgan);
      await check(await strike(fits, fault, Number.POSITIVE_INFINITY), expected, false);
    });
  }

  it("a hang ends by the timeout of the task, a wait for the limit by itself", async () => {
    const isFirst = (url: URL) => url.searchParams.getAll("company").includes(jpmorgan);
    const ends = [
      [{ kind: "hang" }, "timed_out", "TimedOut"],
      // To wait for the source's limit is no part of the time; it is waited for as often as a request is sent again.
      [{ kind: "throttled", retryAfter: 3600 }, "source_throttled", "Failed"],
    ] as const;
    for (const [fault, code, state] of ends) {
      const home = join(temporaryFolder(), "home");
      cpSync(prepared, home, { recursive: true });
      source.intercept = (url) => (isFirst(url) ? fault : undefined);
      const long = { ...config, requestTimeoutSeconds: 3600, extractTimeoutSeconds: 1 };
      const report = await runInProcess({ home, source, config: long });
      const failed = report.companies.find(({ company }) => company === "jpmorgan");
      assert.deepEqual([failed?.error?.code, failed?.state], [code, state]);
    }
  });
});

function countOf({ rows, asOf }: TestSource): number {
  const { visible, codes } = rows.at(Date.parse(asOf) / 86_400_000);
  const from = Date.parse(startDate);
  const code = rows.words.company.code(jpmorgan);
  return visible.reduce((sum, row) => sum + (codes.company[row] === code && rows.received[row]! >= from ? 1 : 0), 0);
}
