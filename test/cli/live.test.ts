import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { canShowLive, liveView } from "../../src/cli/terminal/live.ts";
import { newModel, render, update } from "../../src/cli/terminal/live-model.ts";
import { styleFor } from "../../src/cli/terminal/style.ts";
import type { DbtNode, EventFacts, RunEvent } from "../../src/run/events.ts";

const start = Date.parse("2026-11-20T00:00:00Z");
const at = (seconds: number, event: EventFacts): RunEvent => ({
  ...event,
  runId: "r",
  at: new Date(start + seconds * 1000).toISOString(),
});
const name = "a bank with a long name";
const key = { step: "extract_and_load_complaints", company: name, scope: name };
const bank = { task: "extract_and_load_complaints[a bank with a long name]", ...key };
const error = { code: "source_html", message: "It sent HTML.", data: "", next: "" } as const;

function model(...events: RunEvent[]) {
  const made = newModel();
  for (const event of events) update(made, event);
  return made;
}

const days = { from: "2026-01-01", to: "2026-11-20" };
const begun = [
  at(0, { type: "run.started", flow: "flow", database: "d", source: "s", asOf: "2026-11-20" }),
  at(0, { type: "task.state", task: "resolve_companies", state: "Running", attempt: 1 }),
  at(1, { type: "task.state", task: "resolve_companies", state: "Completed", attempt: 1 }),
  at(1, {
    type: "scopes.planned",
    company: "a bank with a long name",
    scopes: [{ ...days, scope: "a bank with a long name", strategy: "pages", expected: 40_000 }],
  }),
  at(1, { type: "task.state", ...bank, state: "Running", attempt: 1 }),
  at(6, { type: "page.landed", ...bank, page: 1, rows: 10_000, total: 40_000, bytes: 1, strategy: "pages", ms: 20 }),
];
const texts = (view: ReturnType<typeof render>) => view.map(({ text }) => text.trimEnd());

describe("the live view", () => {
  it("has a line per task with state, rows, rate and what is left", () => {
    assert.deepEqual(texts(render(model(...begun), 100, 24, start + 6000)), [
      "flow, as of 2026-11-20  6.0 s",
      "+ resolve_companies        Completed    1.0 s",
      "> a bank with a long name  Running      5.0 s  [##--------]   25%  10,000 of 40,000  15 s left",
      "  run_dbt_models           Pending",
      "  commit_state             Pending",
      "  publish                  Pending",
    ]);
  });

  it("keeps the ETA at 80 columns, rows and percent at 50, and counts dbt's nodes", () => {
    const bankLine = (width: number) => texts(render(model(...begun), width, 24, start + 6000))[2]!;
    assert.match(bankLine(79), /25% {2}10,000 of 40,000 {2}15 s left$/);
    assert.match(bankLine(49), /^> a bank with~ .* 25% {2}10,000 of 40,000/);
    const node: DbtNode = {
      id: "n",
      kind: "model",
      name: "n",
      status: "success",
      durationMs: 1,
      failures: null,
      message: null,
      model: null,
      checks: [],
    };
    const dbt = [
      at(7, { type: "task.state", task: "run_dbt_models", state: "Running", attempt: 1 }),
      at(7, { type: "dbt.total", total: 4 }),
      at(8, { type: "dbt.node", node }),
    ];
    const lines = texts(render(model(...begun, ...dbt), 99, 24, start + 9000));
    assert.match(lines[3]!, /\[##-+\] {3}25% {2}1 of 4 nodes$/);
  });

  it("says when all loads are likely to be done", () => {
    const second = {
      ...{ type: "scopes.planned" as const, company: "b" },
      scopes: [{ ...days, scope: "b", strategy: "pages", expected: 10_000 }],
    };
    const plan = {
      ...{ type: "run.planned" as const, scopes: 2, requests: 5, bytes: 1, etaMs: 60_000, reason: "r" },
    };
    const shown = (...more: RunEvent[]) =>
      texts(render(model(...begun.slice(0, -1), at(1, second), at(1, plan), ...more), 100, 24, start + 11_000));
    assert.equal(shown()[0], "flow, as of 2026-11-20  11 s, loads about 50 s more");
    assert.match(shown()[3]!, /^ {2}b +Pending +10,000 rows$/);
    assert.equal(shown(begun.at(-1)!)[0], "flow, as of 2026-11-20  11 s, loads about 40 s more");
  });

  it("says what a task waits for, its attempt, its verdict and how it failed", () => {
    const lineOf = (...events: RunEvent[]) => texts(render(model(...begun, ...events), 120, 24, start + 10_000))[2];
    assert.match(
      lineOf(at(9, { type: "source.wait", ...bank, waitMs: 30_000, perMinute: 20, rateClass: "search" }))!,
      /waits 29 s for the source's limit: 20 searches a minute$/,
    );
    assert.match(
      lineOf(
        at(7, { type: "task.state", ...bank, state: "Retrying", attempt: 1 }),
        at(7, { type: "task.retry", ...bank, attempt: 1, waitMs: 1000, error }),
        at(8, { type: "task.state", ...bank, state: "Running", attempt: 2 }),
      )!,
      /Running +9\.0 s {2}attempt 2 {2}\[.*10,000 of 40,000/,
    );
    assert.match(lineOf(at(8, { type: "load.reconciled", ...bank, expected: 5, live: 5 }))!, /5 of 5: complete$/);
    assert.match(
      lineOf(at(8, { type: "task.state", ...bank, state: "Failed", attempt: 1, error }))!,
      /^x .* Failed +7\.0 s .*source_html$/,
    );
  });

  it("stays within narrow and low terminals", () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      at(1, {
        type: "scopes.planned",
        company: `company ${i}`,
        scopes: [{ ...days, scope: `company ${i}`, strategy: "pages", expected: 1 }],
      }),
    );
    for (const [width, height] of [
      [20, 8],
      [40, 24],
      [80, 24],
      [120, 50],
    ] as const) {
      const view = render(model(...begun, ...many), width, height, start + 6000);
      assert.ok(
        view.every(({ text }) => [...text].length <= width),
        `${width}`,
      );
      assert.ok(view.length <= height, `${view.length} lines of ${height}`);
      assert.ok(
        view.some(({ text }) => /Running|>/.test(text)),
        "what is under way is shown",
      );
    }
    assert.match(
      texts(render(model(...begun, ...many), 80, 24, start)).at(-1)!,
      /and 43 more tasks: 1 done, 42 to come/,
    );
  });

  it("is drawn over itself, with what matters above", () => {
    let written = "";
    const stream = Object.assign(new EventEmitter(), {
      columns: 80,
      rows: 24,
      isTTY: true,
      write: (text: string) => {
        written += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
    const view = liveView(stream, styleFor(stream, { color: false }, {}));
    for (const event of begun) view.emit(event);
    stream.emit("resize");
    view.emit(at(7, { type: "source.retry", ...bank, attempt: 1, waitMs: 1000, error }));
    view.stop();
    const [first, above, last] = written.split("\x1b[6A\r\x1b[J");
    assert.match(first!, /^flow, as of 2026-11-20 {2}/);
    assert.match(above!, /^a bank with a long name: It sent HTML, attempt 1; again in 1\.0 s\nflow, as of/);
    assert.match(last!, / {2}publish\n\n$/);
    assert.ok(!canShowLive(stream, { TERM: "dumb" }) && !canShowLive(stream, { CI: "1" }) && canShowLive(stream, {}));
  });
});
