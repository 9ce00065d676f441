import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorText } from "../../src/cli/terminal/error-output.ts";
import { progressPrinter } from "../../src/cli/terminal/progress.ts";
import { styleFor } from "../../src/cli/terminal/style.ts";
import { summaryText } from "../../src/cli/terminal/summary.ts";
import { table } from "../../src/cli/terminal/table.ts";
import { formatBytes, formatDuration } from "../../src/pipeline/report/format.ts";
import type { CompanyReport, RunReport } from "../../src/pipeline/report/report.ts";
import type { EventFacts } from "../../src/run/events.ts";

const plain = styleFor({ isTTY: false } as NodeJS.WriteStream, {}, {});
const company: CompanyReport = {
  company: "jpmorgan",
  names: ["JPMORGAN CHASE & CO."],
  window: { from: "2026-09-21", to: "2026-11-20", why: "look-back" },
  strategy: "pages",
  expected: 1234,
  inserted: 100,
  updated: 20,
  deleted: 3,
  unchanged: 1114,
  rejected: 0,
  state: "Completed",
  asked: true,
  loadedThrough: "2026-11-20",
  durationMs: 4200,
  error: null,
};
const report: RunReport = {
  runId: "r",
  flow: "f",
  state: "Completed",
  startedAt: "",
  endedAt: "",
  durationMs: 6000,
  peakRssBytes: 300e6,
  requests: 4,
  bytes: 2e6,
  database: "d",
  nothingNew: false,
  companies: [company],
  untracked: [],
  outside: [],
  warnings: [],
  forgotten: [],
  fields: { unknown: [], missing: [{ field: "has_narrative", rows: 1234 }], emptied: [], responses: [] },
  dbt: { state: "Completed", reason: null, models: 9, tests: 36, failures: 0, warnings: 1, nodes: [], failed: [] },
  published: null,
  audit: null,
  error: null,
};

describe("the summary of a run", () => {
  it("is one table, what was verified, and how far it is complete", () => {
    assert.equal(
      summaryText(report, plain),
      `company   window                  state      expected  inserted  updated  deleted  unchanged   time
jpmorgan  2026-09-21..2026-11-20  Completed     1,234       100       20        3      1,114  4.2 s

Verified: 1,234 rows of these windows, the very number the source shows. Days outside them were not compared row by row.
3 rows left the window (withdrawn, or dated earlier).
Every day through 2026-11-20 was read; the next run goes on from there and looks back.
9 models built, 35 checks passed, 1 warning.
6.0 s, 4 requests, 2 MB read, 300 MB of memory at most.
`,
    );
  });

  it("fits into a terminal of 80 columns, and says there what failed", () => {
    const large = { expected: 123_456, inserted: 123_456, updated: 12_345, deleted: 1234, unchanged: 123_456 };
    const companies = [company, { ...company, ...large, company: "bank of america, national association" }];
    const first = (text: string) => text.split("\n\n")[0]!.split("\n");
    const lines = first(summaryText({ ...report, companies }, plain, 80));
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines.join("\n"),
    );
    assert.deepEqual(lines[0]?.split(/ {2,}/), ["company", "window", "expected", "inserted", "updated", "deleted"]);
    assert.match(lines[2]!, /^bank of america,? ?\S*… {2}2026-09-21\.\.2026-11-20 /);
    const failed = [company, { ...company, ...large, state: "TimedOut" as const }];
    const told = first(summaryText({ ...report, companies: failed }, plain, 80));
    assert.ok(
      told.every((line) => line.length <= 80),
      told.join("\n"),
    );
    assert.match(told[2]!, /TimedOut/);
    const narrow = first(summaryText({ ...report, companies }, plain, 50));
    assert.ok(
      narrow.every((line) => line.length <= 50),
      narrow.join("\n"),
    );
    assert.match(narrow[0]!, /expected +inserted/);
  });

  it("tells of rows that could not be read, and of companies that are no longer configured", () => {
    const text = summaryText(
      {
        ...report,
        companies: [{ ...company, rejected: 2 }],
        fields: {
          unknown: ["mood"],
          missing: [
            { field: "tags", rows: 3 },
            { field: "has_narrative", rows: 9 },
          ],
          emptied: [],
          responses: [],
        },
        forgotten: [
          { company: "old", names: ["OLD"], rows: 5000, loadedThrough: "2026-10-01", configured: false },
          { company: "other", names: ["O"], rows: 1, loadedThrough: "2026-10-02", configured: true },
        ],
        untracked: [{ name: "ACME CARDS", rows: 80 }],
        warnings: [{ code: "name_moved", message: "A is loaded elsewhere" }],
      },
      plain,
    );
    assert.match(text, /2 rows could not be read: see raw\.cfpb_complaints_rejected\./);
    assert.match(text, /New fields at the source, kept in _extra: mood\./);
    assert.match(text, /Missing at the source: tags \(3 rows\)\. What is stored of them is kept\./);
    assert.match(text, /Not configured any more and left as it is: "old", 5,000 rows, loaded through 2026-10-01\./);
    assert.match(text, /Not part of this run and left as it is: "other", 1 row, loaded through 2026-10-02\./);
    assert.match(text, /no company means these names: ACME CARDS \(80 rows\)\./);
    assert.match(text, /Warning: A is loaded elsewhere\./);
  });
});

describe("colors", () => {
  it("are for terminals that want them", () => {
    const terminal = { isTTY: true } as NodeJS.WriteStream;
    assert.equal(styleFor(terminal, {}, {}).bad("x"), "\u001b[31mx\u001b[39m");
    for (const [options, env] of [
      [{ color: false }, {}],
      [{}, { NO_COLOR: "1" }],
      [{}, { CI: "true" }],
      [{}, { TERM: "dumb" }],
    ] as const) {
      assert.equal(styleFor(terminal, options, env).bad("x"), "x");
    }
    assert.equal(plain.bad("x"), "x");
  });

  it("leave the columns of a table aligned", () => {
    const columns = [
      { title: "a", style: (padded: string) => `<${padded}>` },
      { title: "b", align: "right" as const },
    ];
    assert.equal(
      table(columns, [
        ["x", "1"],
        ["long", "22"],
      ]),
      "<a   >   b\n<x   >   1\n<long>  22\n",
    );
  });
});

describe("numbers", () => {
  it("are said in the unit that fits", () => {
    assert.deepEqual([0, 420, 12_300, 200_000, 3_900_000].map(formatDuration), [
      "0.0 s",
      "0.4 s",
      "12 s",
      "3 min 20 s",
      "1 h 05 min",
    ]);
    assert.deepEqual([900, 2_400_000, 5e9].map(formatBytes), ["1 kB", "2 MB", "5.0 GB"]);
  });
});

describe("an error", () => {
  it("says what happened, what happened to the data, and what to do", () => {
    assert.equal(
      errorText({ code: "usage", message: "What.", data: "Data.", next: "Next." }, plain),
      "error[usage]: What.\ndata: Data.\nnext: Next.\n",
    );
  });
});

describe("progress", () => {
  const told = (events: [seconds: number, EventFacts][], verbose = false) => {
    const lines: string[] = [];
    const print = progressPrinter({ write: (line) => void lines.push(line), everyMs: 10_000, verbose });
    for (const [seconds, event] of events) {
      print({ ...event, runId: "r", at: new Date(Date.parse("2026-11-20") + seconds * 1000).toISOString() });
    }
    return lines;
  };
  const of = { task: "extract_and_load_complaints[jpmorgan]", scope: "jpmorgan" };
  const page = (number: number): EventFacts => ({
    type: "page.landed",
    ...of,
    page: number,
    rows: 100,
    total: 1000,
    bytes: 1,
    strategy: "pages",
    ms: 20,
  });

  const days = { from: "2026-01-01", to: "2026-11-20" };
  const planned = (company: string, expected: number): EventFacts => ({
    ...{ type: "scopes.planned", company },
    scopes: [{ ...days, scope: company, strategy: "pages", expected }],
  });
  const running: EventFacts = { type: "task.state", ...of, state: "Running", attempt: 1 };

  it("tells of long work about every ten seconds, how fast it goes and what is left, and of each verdict", () => {
    assert.deepEqual(
      told([
        [0, planned("jpmorgan", 900)],
        [0, running],
        [1, page(1)],
        [3, page(2)],
        [6, page(3)],
        [12, page(4)],
        [13, { type: "load.reconciled", ...of, expected: 1000, live: 1000 }],
      ]),
      [
        "jpmorgan: 100 of 1,000 rows, 100 rows/s, about 9.0 s left",
        "jpmorgan: 400 of 1,000 rows, 33 rows/s, about 18 s left",
        "jpmorgan: 1,000 of 1,000: complete",
      ],
    );
  });

  it("tells of all loads together when everything is likely to be read: as planned at first, then as it goes", () => {
    const plan: EventFacts = {
      ...{ type: "run.planned", scopes: 2, requests: 4, bytes: 1e6, etaMs: 90_000, reason: "two pages" },
    };
    const other = { task: "extract_and_load_complaints[b]", scope: "b" };
    const lines = told([
      [0, planned("jpmorgan", 1000)],
      [0, planned("b", 3000)],
      [0, plan],
      [0, running],
      [10, page(1)],
      [20, { type: "landed.reused", ...other, files: 3, rows: 900, total: 3000 }],
      [21, page(2)],
      [22, { type: "task.state", ...other, state: "Completed", attempt: 1 }],
      [32, page(3)],
    ]);
    assert.deepEqual(
      lines.filter((line) => /^(all|plan|b): /.test(line)),
      [
        "plan: 4 requests in 2 scopes, about 1 MB, about 1 min 30 s (two pages)",
        "all: 100 of 4,000 rows, 10 rows/s, about 1 min 20 s left",
        "b: goes on with 3 files that an earlier start landed, 900 of 3,000 rows",
        "all: 1,100 of 4,000 rows, 10 rows/s, about 5 min 5 s left",
        "all: 3,300 of 4,000 rows, 75 rows/s, about 9.3 s left",
      ],
    );
  });

  it("says what a request waits for, in the words of its limit", () => {
    const wait = { type: "source.wait" as const, ...of, waitMs: 14_000, perMinute: 2 };
    assert.deepEqual(told([[0, { ...wait, rateClass: "export" }]]), [
      "jpmorgan: waits 14 s for the source's limit: 2 exports a minute",
    ]);
  });

  it("says of a retry the cause, the attempt and the wait", () => {
    const error = {
      code: "source_throttled" as const,
      message: "It asked for fewer. Asked: http://x/",
      data: "d",
      next: "n",
    };
    assert.deepEqual(told([[0, { type: "source.retry", ...of, attempt: 1, waitMs: 30_000, error }]]), [
      "jpmorgan: It asked for fewer, attempt 1; again in 30 s",
    ]);
  });

  it("says why dbt was not started", () => {
    const skipped = { task: "run_dbt_models", state: "Skipped" as const, attempt: 0, reason: "nothing new" };
    assert.deepEqual(told([[1, { type: "task.state", ...skipped }]]), ["dbt: not started (nothing new)"]);
  });
});
