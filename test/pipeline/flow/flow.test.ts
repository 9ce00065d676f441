import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommittedLoad } from "../../../src/pipeline/flow/values.ts";
import type { Part } from "../../../src/pipeline/scope/scope.ts";
import { PipelineError } from "../../../src/run/errors.ts";
import type { DbtNode } from "../../../src/run/events.ts";
import { recording, replaying, throughJson } from "../../harness/engines.ts";
import { built, bulkThatIs, flow, halves, loaded, loadedAs, slowly, worlds } from "../../harness/flow.ts";

const [first, second] = ["a 2026-01-01..2026-05-31", "a 2026-06-01..2026-11-20"];

describe("the flow", () => {
  it("loads, closes the warehouse, builds, commits, publishes, in this order", async () => {
    const { done, committed, report } = await flow();
    const order = ["load a", "close", "build", "commit", "publish"].map((step) => done.indexOf(step));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      done.join(", "),
    );
    assert.equal(report.state, "Completed");
    assert.deepEqual(
      committed[0]?.companies.map(({ company, state }) => [company, state.loadedFrom, state.loadedThrough]),
      [
        ["a", "2026-01-01", "2026-11-20"],
        ["b", "2026-01-01", "2026-11-20"],
      ],
    );
    assert.deepEqual(committed[0]?.built, { project: "project", marts: ["fct_complaints"] });
  });

  it("commits the other company when one throws a bug", async () => {
    const { committed, report, done } = await flow({
      load(company) {
        if (company === "a") throw new TypeError("x is not a function");
        return loaded;
      },
    });
    assert.deepEqual(
      committed[0]?.companies.map(({ company }) => company),
      ["b"],
    );
    assert.equal(report.error?.code, "companies_failed");
    assert.equal(report.companies[0]?.error?.code, "internal");
    assert.equal(done.filter((one) => one.startsWith("discard")).length, 2);
  });

  it("loads the scopes of a window, reconciles them together, and moves the watermark once", async () => {
    const { done, committed, windows, report, events } = await flow({ parts: { a: halves } });
    assert.ok(done.indexOf("reconcile a") > Math.max(done.indexOf(`load ${first}`), done.indexOf(`load ${second}`)));
    const window = { from: "2026-01-01", to: "2026-11-20" };
    assert.deepEqual(windows, [
      {
        ...{ company: "a", names: ["A"], window, loadIds: [`load ${first}`, `load ${second}`] },
        ...{ runId: "run", source: "live", withdrawals: "usual" },
      },
    ]);
    const { companies, loadIds } = committed[0]!;
    assert.deepEqual(
      companies.map(({ company, loadId, state }) => [company, loadId, state.loadedFrom, state.loadedThrough]),
      [
        ["a", "load whole", "2026-01-01", "2026-11-20"],
        ["b", "load b", "2026-01-01", "2026-11-20"],
      ],
    );
    assert.deepEqual(loadIds, [`load ${first}`, `load ${second}`, "load whole", "load b"]);
    const [a, b] = report.companies;
    assert.deepEqual([a?.expected, a?.inserted, a?.deleted, a?.strategy, a?.scopes?.length], [10, 10, 2, "pages", 2]);
    assert.deepEqual(
      a?.scopes?.map((scope) => [scope.window, scope.expected, scope.deleted, scope.state]),
      [
        [halves[0]!.window, 5, 0, "Completed"],
        [halves[1]!.window, 5, 0, "Completed"],
      ],
    );
    assert.ok(b !== undefined && !("scopes" in b));
    const tasks = events.filter((event) => event.type === "task.state" && event.company === "a");
    assert.deepEqual([...new Set(tasks.map((event) => ("scope" in event ? event.scope : "")))], [first, second, "a"]);
  });

  it("moves no watermark where a scope of the window was not loaded, and says what stands", async () => {
    const thirds: Part[] = [
      { window: { from: "2026-01-01", to: "2026-05-31" }, strategy: "pages" },
      { window: { from: "2026-06-01", to: "2026-08-31" }, strategy: "pages" },
      { window: { from: "2026-09-01", to: "2026-11-20" }, strategy: "pages" },
    ];
    const { done, committed, report } = await flow({
      parts: { a: thirds },
      load(scope) {
        if (scope === "a 2026-06-01..2026-08-31")
          throw new PipelineError({ code: "source_refused", message: "m", data: "d", next: "n" });
        return loadedAs(scope);
      },
    });
    assert.ok(!done.includes("reconcile a"));
    assert.deepEqual(
      committed[0]?.companies.map(({ company }) => company),
      ["b"],
    );
    assert.deepEqual([report.companies[0]?.state, report.companies[0]?.inserted], ["Failed", 10]);
    assert.deepEqual(
      report.companies[0]?.scopes?.map(({ state }) => state),
      ["Completed", "Failed", "Completed"],
    );
    assert.match(report.error?.data ?? "", /^Committed: "b"\. Parts of "a" were loaded; .* watermarks stay/);
  });

  it("commits nothing of a window whose scopes do not stand together", async () => {
    const { committed, report } = await flow({
      parts: { a: halves },
      reconcile() {
        throw new PipelineError({ code: "withdrawals_refused", message: "m", data: "d", next: "n" });
      },
    });
    assert.deepEqual(
      committed[0]?.companies.map(({ company }) => company),
      ["b"],
    );
    assert.equal(report.companies[0]?.error?.code, "withdrawals_refused");
  });

  it("reads only what a retried run has not loaded of the very names and days", async () => {
    const retryOf = { runIds: ["r"], since: "2026-11-20T00:00:00Z", asOf: "2026-11-20", acceptsOtherLoads: true };
    const load = (from: string, to: string, names = ["A"], scope = "a"): CommittedLoad => ({
      ...{ company: "a", scope, names, window: { from, to } },
      result: loadedAs(`${from}..${to}`),
    });
    const readBy = async (done: CommittedLoad[], parts = {}) => {
      const found = await flow({ done, parts }, { retryOf });
      return found.done.filter((one) => /^(load|reconcile) a/.test(one));
    };
    assert.deepEqual(await readBy([load("2026-01-01", "2026-11-20")]), []);
    assert.deepEqual(await readBy([load("2025-12-01", "2026-11-21")]), []);
    assert.deepEqual(await readBy([load("2026-01-02", "2026-11-20")]), ["load a"], "a day before it is left");
    assert.deepEqual(await readBy([load("2026-01-01", "2026-11-19")]), ["load a"], "a day after it is left");
    assert.deepEqual(await readBy([load("2026-01-01", "2026-11-20", ["A", "B"])]), ["load a"]);
    const half = [load("2026-01-01", "2026-05-31", ["A"], first)];
    assert.deepEqual(await readBy(half, { a: halves }), [`load ${second}`, "reconcile a"]);
    const both = [...half, load("2026-06-01", "2026-11-20", ["A"], second)];
    assert.deepEqual(await readBy(both, { a: halves }), ["reconcile a"]);
    const held = [load("2026-01-01", "2026-11-20", ["A"], "a 2026-01-01..2026-11-20")];
    assert.deepEqual(await readBy(held), ["load a"], "a part is no window that was reconciled");
    assert.deepEqual(await readBy(held, { a: halves }), [`load ${first}`, `load ${second}`, "reconcile a"]);
    assert.deepEqual(await readBy([load("2026-01-01", "2026-11-20")], { a: halves }), []);
  });

  it("reads all scopes of a retried run where those of an earlier one contradict them", async () => {
    const retryOf = { runIds: ["r"], since: "2026-11-20T00:00:00Z", asOf: "2026-11-20", acceptsOtherLoads: true };
    let reconciled = 0;
    const before = { company: "a", scope: first!, names: ["A"], window: halves[0]!.window };
    const { done, windows, report } = await flow(
      {
        parts: { a: halves },
        done: [{ ...before, result: loadedAs("before") }],
        reconcile() {
          if (++reconciled > 1) return loadedAs("whole");
          throw new PipelineError({ code: "reconcile_failed", message: "m", data: "d", next: "n" });
        },
      },
      { retryOf },
    );
    assert.deepEqual(
      windows.map(({ loadIds }) => loadIds),
      [
        ["load before", `load ${second}`],
        [`load ${first}`, `load ${second}`],
      ],
    );
    assert.equal(done.filter((one) => one === `load ${first}`).length, 1);
    assert.equal(report.state, "Completed");
  });

  it("lands the files of every start in a folder of its own", async () => {
    let attempts = 0;
    const { landed } = await flow({
      load(scope) {
        if (scope === "a" && ++attempts === 1)
          throw new PipelineError({ code: "reconcile_failed", message: "m", data: "d", next: "n" });
        return loadedAs(scope);
      },
    });
    assert.deepEqual([landed.length, new Set(landed).size], [3, 3]);
  });

  it("starts a company that does not add up again, three times in all", async () => {
    let attempts = 0;
    const { report, events } = await flow({
      load(company) {
        if (company === "b") return loaded;
        attempts++;
        throw new PipelineError({ code: "reconcile_failed", message: "w", data: "d", next: "n" });
      },
    });
    assert.equal(attempts, 3);
    assert.equal(report.companies[0]?.error?.code, "reconcile_failed");
    const states = events.filter((event) => event.type === "task.state" && event.task.endsWith("[a]"));
    assert.deepEqual(
      states.map((event) => (event.type === "task.state" ? event.state : "")),
      ["Running", "Retrying", "Running", "Retrying", "Running", "Failed"],
    );
  });

  it("commits nothing when no company was loaded, and when dbt failed", async () => {
    const none = await flow({
      load() {
        throw new TypeError("bug");
      },
    });
    assert.deepEqual([none.committed, none.report.error?.code], [[], "internal"]);
    assert.ok(!none.done.includes("build"));
    const failed = await flow({ build: () => ({ ...built, state: "Failed", failures: 1 }) });
    assert.deepEqual([failed.committed, failed.report.error?.code], [[], "dbt_failed"]);
  });

  it("names the checks that failed, and the command that shows their rows", async () => {
    const found = { rows: 3, example: "17", sql: "select * from marts.a where b is null" };
    const node: DbtNode = {
      ...{ id: "test.x.checks_a", name: "checks_a", kind: "test", status: "fail", durationMs: 1, failures: 1 },
      ...{ message: "Got 1 result", model: "a" },
      checks: [
        { name: "not_null_b", column: "b", status: "fail", found },
        { name: "unique_b", column: "b", status: "pass", found: null },
      ],
    };
    const { report } = await flow({ build: () => ({ ...built, state: "Failed", nodes: [node], failed: [node] }) });
    assert.equal(report.error?.message, "dbt failed: check not_null_b of a: fail, 3 rows, such as 17.");
    assert.match(
      report.error?.next ?? "",
      /: pipeline dbt -- show --limit 100 --inline 'select \* from marts\.a where b is null'$/,
    );
  });

  it("says how many rows a built model has, as the snapshot counts them", async () => {
    const node = {
      id: "model.x.fct_complaints",
      name: "fct_complaints",
      durationMs: 1,
      failures: null,
      message: null,
      model: null,
      checks: [],
    };
    const nodes: DbtNode[] = [
      { ...node, kind: "model", status: "success" },
      { ...node, id: "model.x.stg", name: "stg", kind: "model", status: "success" },
    ];
    const { report } = await flow({ build: () => ({ ...built, nodes }) });
    assert.deepEqual(
      report.dbt?.nodes.map(({ name, rows }) => [name, rows]),
      [
        ["fct_complaints", 7],
        ["stg", null],
      ],
    );
  });

  it("warms dbt up before rows are read, and builds only what is owed", async () => {
    const states = ["a", "b"].map((company) => ({
      company,
      names: [company.toUpperCase()],
      loadedFrom: "2026-01-01",
      loadedThrough: "2026-11-19",
      loaded: [{ name: company.toUpperCase(), days: [{ from: "2026-01-01", to: "2026-11-19" }] }],
      rows: 5,
      rowsByName: [{ name: company.toUpperCase(), rows: 5 }],
    }));
    const nothing = { isPending: false, reason: "nothing new" };
    const same = { ...loaded, inserted: 0, unchanged: 5 };
    const idle = await flow({ states, owed: [nothing], load: () => same });
    assert.ok(!idle.done.includes("build"));
    assert.equal(idle.report.nothingNew, true);
    assert.equal(idle.committed.length, 1, "the watermark moves on all the same");
    const { done } = await flow();
    assert.ok(done.indexOf("warm up") < done.indexOf("extract a"));
  });

  it("starts dbt only after a change where this very index was read before and nothing is owed", async () => {
    const nothing = { isPending: false, reason: "nothing new" };
    const same = { ...loaded, inserted: 0, unchanged: 5 };
    const idle = await flow({ hasRead: true, owed: [nothing, nothing], load: () => same });
    assert.deepEqual([idle.done.includes("warm up"), idle.report.nothingNew], [false, true]);
    const changed = await flow({ hasRead: true, owed: [nothing] });
    const steps = ["extract a", "load a", "warm up", "build"].map((step) => changed.done.indexOf(step));
    assert.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
      changed.done.join(", "),
    );
    const owed = await flow({ hasRead: true, load: () => same });
    assert.ok(owed.done.indexOf("warm up") < owed.done.indexOf("extract a"));
  });

  it("reads from the file of everything up to its newest day, and by pages behind it", async () => {
    const { done, report } = await flow({ bulk: bulkThatIs("here") }, slowly);
    const read = done.filter((one) => /^(read|extract) a/.test(one));
    assert.deepEqual(read, ["read a 2026-01-01..2026-11-19", "extract a 2026-11-20..2026-11-20"]);
    assert.deepEqual([report.state, report.warnings, report.companies[0]!.strategy], ["Completed", [], "mixed"]);
  });

  it("asks for everything where the file cannot be had, and says so, unless it was asked for", async () => {
    const world = { bulk: bulkThatIs("gone") };
    const { done, report } = await flow(world, slowly);
    assert.deepEqual(
      done.filter((one) => one.startsWith("read")),
      [],
    );
    assert.deepEqual([report.state, report.companies[0]!.strategy], ["Completed", "pages"]);
    const message = "the file of everything could not be read, and pages were in its place: It is gone";
    assert.deepEqual(report.warnings, [{ code: "file_unavailable", message }]);
    await assert.rejects(flow(world, { strategy: "bulk" }));
  });

  it("loads a file of the user's: without the source, a withdrawal, or a watermark", async () => {
    const file = { path: "/data/all.zip", format: "bulk-zip", bytes: 7, day: "2026-11-19" } as const;
    const { committed, report, events } = await flow({}, { file, companies: ["all"] });
    assert.deepEqual([report.state, report.companies.map(({ company }) => company)], ["Completed", ["all.zip"]]);
    assert.deepEqual([committed[0]?.companies, committed[0]?.index], [[], null]);
    const tasks = events.flatMap((event) => (event.type === "task.state" ? event.task : []));
    assert.ok(!tasks.includes("resolve_companies") && !tasks.includes("compare_outside"));
  });

  it("passes over dbt and the watermark with skipDbt", async () => {
    const { done, committed, report } = await flow({}, { skipDbt: true });
    assert.ok(!done.includes("warm up") && !done.includes("build"));
    assert.deepEqual([committed, report.dbt?.reason, report.state], [[], "--skip-dbt", "Completed"]);
  });
});

describe("the flow decides the same", () => {
  for (const [what, world, change] of worlds) {
    it(`through JSON: ${what}`, async () => {
      const [direct, sent] = [await flow(world, change), await flow(world, change, throughJson)];
      assert.deepEqual([sent.report, sent.committed, sent.done], [direct.report, direct.committed, direct.done]);
    });

    it(`from what was recorded, without running a step: ${what}`, async () => {
      let calls: ReturnType<typeof recording>["calls"] = [];
      const run = await flow(world, change, (engine) => {
        const recorder = recording(engine);
        calls = recorder.calls;
        return recorder.engine;
      });
      const player = replaying(calls);
      const again = await flow(world, change, () => player);
      assert.deepEqual([again.report, again.done, player.left], [run.report, [], []]);
    });
  }
});
