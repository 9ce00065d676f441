import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { History } from "../../../src/history/history.ts";
import { isAlive, leaseOf, processState } from "../../../src/history/lease.ts";
import type { NewRun, RunFilter } from "../../../src/history/rows.ts";
import { findCrashed } from "../../../src/history/sqlite/crashes.ts";
import { openHistory } from "../../../src/history/sqlite/database.ts";
import { SqliteHistory } from "../../../src/history/sqlite/history.ts";
import { SqliteRecorder } from "../../../src/history/sqlite/recorder.ts";
import { outdatedRuns } from "../../../src/history/sqlite/retention.ts";
import { eventLine } from "../../../src/pipeline/report/event-line.ts";
import type { RunReport } from "../../../src/pipeline/report/report.ts";
import type { DbtNode, EventFacts } from "../../../src/run/events.ts";
import { runName } from "../../../src/run/run-name.ts";
import { isFinal, states, transition } from "../../../src/run/states.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { windowResolved } from "../../harness/events.ts";
import { oldHistory } from "../../harness/old-history.ts";

const id = "01234567-89ab-cdef-0123-456789abcdef";
const run = {
  id,
  flow: "flow",
  trigger: "cli",
  startedAt: Date.parse("2026-11-20T00:00:00Z"),
  asOf: "2026-11-20",
  source: "sample",
  database: "x.duckdb",
  settings: { companies: ["a"] },
};
const error = { code: "source_html", message: "It sent HTML.", data: "Nothing.", next: "Again." } as const;
const report = (change: Partial<RunReport> = {}): RunReport =>
  ({
    runId: id,
    state: "Completed",
    endedAt: "2026-11-20T00:00:09.000Z",
    companies: [{ expected: 10, inserted: 3, updated: 2, deleted: 1 }],
    requests: 4,
    bytes: 500,
    error: null,
    ...change,
  }) as RunReport;

/** A run that holds its warehouse. */
function recording(path = join(temporaryFolder(), "home", "history.sqlite"), change: Partial<NewRun> = {}) {
  const warnings: string[] = [];
  let cancels = 0;
  const recorder = new SqliteRecorder(
    { ...run, ...change },
    { path, warn: (text) => warnings.push(text), onCancel: () => cancels++, endPatienceMs: 300 },
  );
  recorder.begin();
  let second = 0;
  const tell = (...events: EventFacts[]) => {
    for (const event of events) {
      recorder.record({ ...event, runId: id, at: new Date(run.startedAt + 1000 * ++second).toISOString() });
    }
  };
  return { path, recorder, tell, warnings, cancels: () => cancels };
}

const open = (path: string) => SqliteHistory.open(path)!;
const task = "extract_and_load_complaints[a]";

describe("the state machine", () => {
  it("never leaves a final state", async () => {
    const final = states.filter(isFinal);
    assert.deepEqual(final, ["Completed", "Failed", "Cancelled", "Crashed", "TimedOut", "Skipped"]);
    for (const from of final) for (const to of states) assert.equal(transition(from, to), from);
  });

  it("goes on only where it may", async () => {
    assert.equal(transition("Running", "Retrying"), "Retrying");
    assert.equal(transition("Cancelling", "Running"), "Cancelling");
    assert.equal(transition("Cancelling", "Completed"), "Completed");
    assert.equal(transition("Scheduled", "Completed"), "Scheduled");
  });
});

describe("the recorder", () => {
  const refusal = { ...error, code: "company_not_found" } as const;

  it("shows a run as soon as it holds its warehouse, and leaves nothing of the first one that is refused", async () => {
    const { path, recorder, tell } = recording();
    tell({ type: "run.started", flow: "f", database: "d", source: "s", asOf: "2026-11-20" });
    const reader = open(path);
    assert.deepEqual(
      (await reader.list({ limit: 9 })).map(({ state }) => state),
      ["Running"],
    );
    reader.close();
    await recorder.refuse(refusal);
    assert.ok(!existsSync(dirname(path)));
  });

  it("has no row for a start that was refused before it held a warehouse, nor for one that another run kept out", async () => {
    for (const code of ["company_not_found", "warehouse_locked"] as const) {
      const path = join(temporaryFolder(), "home", "history.sqlite");
      const recorder = new SqliteRecorder(run, { path, warn: assert.fail, onCancel: assert.fail });
      await recorder.finish(report({ state: "Failed", error: { ...error, message: "", code } as never }));
      assert.ok(!existsSync(dirname(path)), code);
    }
    const failed = recording();
    await failed.recorder.finish(report({ state: "Failed", error: { ...error, message: "" } as never }));
    assert.ok(existsSync(failed.path));
  });

  it("keeps a refusal beside the runs where one has completed or a schedule started it, until a run gets past its settings", async () => {
    const first = recording();
    await first.recorder.finish(report());
    first.recorder.close();
    const second = recording(first.path, { id: "second" });
    await second.recorder.refuse(refusal);
    const reader = open(first.path);
    assert.equal((await reader.list({ limit: 9 })).length, 1);
    assert.deepEqual(
      [(await reader.refusal())?.code, (await reader.refusal())?.next, (await reader.refusal())?.trigger],
      ["company_not_found", "Again.", "cli"],
    );
    const third = recording(first.path, { id: "third" });
    assert.equal((await reader.refusal())?.runId, "second", "it may be refused just the same");
    third.tell(windowResolved);
    assert.equal(await reader.refusal(), null);
    third.recorder.close();
    reader.close();
    const nightly = recording(undefined, { trigger: "schedule" });
    await nightly.recorder.refuse(refusal);
    assert.equal((await open(nightly.path).refusal())?.trigger, "schedule");
  });

  it("writes tasks, attempts, counts, logs and the end", async () => {
    const { path, recorder, tell, warnings } = recording();
    tell(
      windowResolved,
      { type: "task.state", task, state: "Running", attempt: 1 },
      { type: "source.request", task, attempt: 1, url: "u" },
      { type: "source.wait", task, waitMs: 5000, perMinute: 20, rateClass: "search" },
      { type: "source.waited", task, ms: 700 },
      { type: "source.answered", task, attempt: 1, status: 429, ms: 5 },
      { type: "source.answered", task, attempt: 2, status: 200, ms: 5 },
      { type: "page.landed", task, page: 1, rows: 7, total: 9, bytes: 100, strategy: "pages", ms: 20 },
      { type: "task.state", task, state: "Retrying", attempt: 1 },
      { type: "task.retry", task, attempt: 1, waitMs: 50, error },
      { type: "task.state", task, state: "Running", attempt: 2 },
      { type: "page.landed", task, page: 1, rows: 4, total: 9, bytes: 100, strategy: "pages", ms: 20 },
      { type: "page.landed", task, page: 2, rows: 5, total: 9, bytes: 60, strategy: "pages", ms: 20 },
      { type: "task.state", task, state: "Completed", attempt: 2 },
      { type: "task.state", task: "publish", state: "Skipped", attempt: 0, reason: "because" },
    );
    await Promise.resolve();
    const reader = open(path);
    const [running] = await reader.list({ limit: 5 });
    assert.deepEqual(
      [running!.state, running!.name, running!.endedAt],
      ["Running", runName(id), null],
      "seen while it runs",
    );
    await recorder.finish(report());
    const detail = await reader.inspect(running!.no);
    assert.deepEqual(
      [detail.state, detail.rows, detail.changed, detail.requests, detail.bytes, detail.report?.state],
      ["Completed", 10, 6, 4, 500, "Completed"],
    );
    const [loaded, published] = detail.tasks;
    assert.deepEqual(
      [
        loaded!.state,
        loaded!.attempts,
        loaded!.rows,
        loaded!.bytes,
        loaded!.requests,
        loaded!.waitedMs,
        loaded!.throttled,
      ],
      ["Completed", 2, 9, 260, 1, 700, 1],
    );
    assert.deepEqual([published!.state, published!.reason, published!.attempts], ["Skipped", "because", 0]);
    assert.deepEqual(
      detail.attempts.map(({ number, state, waitMs, error: found }) => [number, state, waitMs, found?.code]),
      [
        [1, "Failed", 50, "source_html"],
        [2, "Completed", null, undefined],
      ],
    );
    const lines = await reader.logs(running!, { limit: 100 });
    assert.equal(lines.length, 15);
    assert.deepEqual(
      (await reader.logs(running!, { limit: 100, level: 30 })).map(({ event }) => event.type),
      ["task.retry"],
    );
    assert.equal((await reader.logs(running!, { limit: 100, task: "publish" })).length, 1);
    assert.deepEqual(
      (await reader.logs(running!, { limit: 2, after: 3 })).map(({ seq }) => seq),
      [4, 5],
    );
    assert.ok((detail.usage?.peakRss ?? 0) > 1e6);
    assert.deepEqual(warnings, []);
    reader.close();
  });

  const keys = [
    ["resolve_window", null, null],
    ["extract_and_load_complaints", "a [b] c", "a [b] c"],
  ];
  const keysOf = async (reader: History) =>
    (await reader.inspect(1)).tasks.map(({ step, company, scope }) => [step, company, scope]);

  for (const version of [4, 5, 6]) {
    it(`reads a home with ${version} migrations: a task, and an event, said what it was for in the task's name alone`, async () => {
      const reader = open(oldHistory(temporaryFolder(), version));
      assert.deepEqual(await keysOf(reader), keys);
      const [line] = await reader.logs({ no: 1, id }, { limit: 1 });
      assert.deepEqual(line?.event, {
        ...{
          type: "load.committed",
          task: "extract_and_load_complaints[a]",
          step: "extract_and_load_complaints",
          company: "a",
          scope: "a",
          loadId: "l",
        },
        ...{ runId: id, at: "1970-01-01T00:00:00.000Z" },
      });
      reader.close();
    });
  }

  it("reads what a process of an earlier version goes on to write into a file that was brought up to date", async () => {
    const path = oldHistory(temporaryFolder(), 4);
    open(path).close();
    const old = new DatabaseSync(path);
    old.exec(
      "insert into tasks (run_no, position, name, state, attempts) values (1, 3, 'extract_and_load_complaints[d]', 'Completed', 1)",
    );
    old.close();
    const reader = open(path);
    assert.deepEqual((await keysOf(reader)).at(-1), ["extract_and_load_complaints", "d", "d"]);
    reader.close();
  });

  it("reads errors of earlier versions, which called the message `what`", async () => {
    const { path, recorder, tell } = recording();
    tell({ type: "task.state", task, state: "Running", attempt: 1 });
    tell({ type: "task.state", task, state: "Failed", attempt: 1, error });
    await recorder.finish(report());
    const database = new DatabaseSync(path);
    for (const [table, column] of ["tasks error", "attempts error", "logs event"].map((place) => place.split(" ")))
      database.exec(`update ${table} set ${column} = replace(${column}, '"message":', '"what":')`);
    database.close();
    const reader = open(path);
    const { tasks, attempts } = await reader.inspect(1);
    const logged = (await reader.logs({ no: 1, id }, { limit: 9 })).map(({ event }) => "error" in event && event.error);
    assert.deepEqual([tasks[0]?.error, attempts[0]?.error, logged.at(-1)], [error, error, error]);
    reader.close();
  });

  it("keeps the checks of dbt's nodes, and reads nodes of earlier versions, which had none", async () => {
    const { path, recorder, tell } = recording();
    const old = { id: "test.x.a", name: "a", kind: "test", status: "pass", durationMs: 5, failures: 0 } as const;
    const found = { rows: 3, example: "17", sql: "select * from marts.a where b is null" };
    const node: DbtNode = {
      ...{ ...old, id: "test.x.checks_a", name: "checks_a", status: "fail", failures: 1, message: "Got 1 result" },
      ...{ model: "a", checks: [{ name: "not_null_b", column: "b", status: "fail", found }] },
    };
    tell(windowResolved, { type: "dbt.node", node });
    const kept = { nodes: [node, { ...old, message: null, rows: null }], failed: [node] };
    await recorder.finish(report({ dbt: kept as unknown as RunReport["dbt"] }));
    const database = new DatabaseSync(path);
    database.exec(
      `insert into dbt_nodes (run_no, id, name, kind, status, duration_ms) values (1, 'model.x.old', 'old', 'model', 'success', 1)`,
    );
    const event = JSON.stringify({ node: { ...old, message: null } });
    database.prepare("insert into logs values (1, 99, 0, 10, null, 'dbt.node', ?)").run(event);
    database.close();
    const reader = open(path);
    const [ended] = await reader.list({ limit: 5 });
    const { nodes, report: read } = await reader.inspect(ended!.no);
    assert.deepEqual(
      nodes.map(({ id: name, model, checks }) => [name, model, checks]),
      [
        ["model.x.old", null, []],
        ["test.x.checks_a", "a", node.checks],
      ],
    );
    assert.deepEqual(
      read?.dbt?.nodes.map(({ model, checks }) => [model, checks.length]),
      [
        ["a", 1],
        [null, 0],
      ],
    );
    const told = (await reader.logs(ended!, { limit: 9 })).flatMap(({ event: one }) =>
      one.type === "dbt.node" ? [one] : [],
    );
    assert.deepEqual(told.map(eventLine), [
      "dbt: check not_null_b of a: fail, 3 rows, such as 17",
      "dbt: test a: pass",
    ]);
    reader.close();
  });

  it("takes a clock that is set back in a run", async () => {
    const { path, recorder } = recording();
    const times = ["12:00:05", "12:00:09", "11:00:00", "11:00:01"];
    const events: EventFacts[] = [
      windowResolved,
      { type: "task.state", task, state: "Running", attempt: 1 },
      { type: "task.state", task, state: "Completed", attempt: 1 },
      { type: "warehouse.closed" },
    ];
    for (const [i, event] of events.entries())
      recorder.record({ ...event, runId: id, at: `2026-11-20T${times[i]}.000Z` });
    await recorder.finish(report({ endedAt: "2026-11-20T11:00:02.000Z" }));
    const reader = open(path);
    const { tasks, state } = await reader.inspect(1);
    assert.deepEqual([state, tasks[0]!.state], ["Completed", "Completed"]);
    const lines = await reader.logs({ no: 1, id }, { limit: 10 });
    assert.deepEqual(
      lines.map(({ event }) => event.type),
      events.map(({ type }) => type),
      "in the order in which they happened",
    );
    reader.close();
  });

  it("hears that somebody wants the run to end", async () => {
    const { path, recorder, tell, cancels } = recording();
    tell(windowResolved);
    const reader = open(path);
    await reader.requestCancel(1);
    while (cancels() === 0) await new Promise((resolve) => setImmediate(resolve));
    await recorder.finish(report({ state: "Cancelled" }));
    assert.equal(await reader.stateOf(1), "Cancelled");
    await reader.requestCancel(1);
    assert.equal(await reader.stateOf(1), "Cancelled", "final states stay");
    reader.close();
  });

  it("warns once and goes on where the file is damaged, is no file, or is newer", async () => {
    const damaged = join(temporaryFolder(), "history.sqlite");
    writeFileSync(damaged, "not a database, whatever its name says".repeat(100));
    const folder = join(temporaryFolder(), "history.sqlite");
    mkdirSync(folder);
    const newer = join(temporaryFolder(), "history.sqlite");
    const made = new DatabaseSync(newer);
    made.exec("pragma user_version = 99");
    made.close();
    for (const path of [damaged, folder, newer]) {
      const { recorder, tell, warnings } = recording(path);
      tell({ type: "warehouse.opened" });
      await recorder.finish(report());
      assert.equal(warnings.length, 1, path);
      assert.match(warnings[0]!, /cannot be written .*the run goes on without it/);
    }
    assert.match(readFileSync(damaged, "utf8"), /^not a database/, "and leaves it as it is");
    assert.throws(() => SqliteHistory.open(damaged), { code: "history_unusable", next: /move the file away/ });
    assert.throws(() => SqliteHistory.open(newer), {
      code: "history_unusable",
      message: /newer version .*99, known here: 7/,
    });
  });

  it("waits for a lock without holding the run up, and writes what was kept waiting", async () => {
    const { path, recorder, tell, warnings } = recording();
    tell(windowResolved);
    await Promise.resolve();
    const holder = new DatabaseSync(path);
    holder.exec("begin immediate");
    for (let i = 0; i < 5; i++) {
      tell({ type: "warehouse.opened" });
      await Promise.resolve();
    }
    holder.exec("rollback");
    holder.close();
    tell({ type: "warehouse.closed" });
    await Promise.resolve();
    await recorder.finish(report());
    const reader = open(path);
    assert.equal((await reader.logs((await reader.find(""))[0]!, { limit: 100 })).length, 7);
    reader.close();
    assert.deepEqual(warnings, []);
  });

  it("records a run whose file was busy when it began", async () => {
    const path = join(temporaryFolder(), "home", "history.sqlite");
    const earlier = recording(path, { id: "earlier" });
    await earlier.recorder.finish(report());
    earlier.recorder.close();
    const holder = new DatabaseSync(path);
    holder.exec("begin immediate");
    const { recorder, tell, warnings } = recording(path);
    tell(windowResolved, { type: "warehouse.opened" });
    holder.exec("rollback");
    holder.close();
    await recorder.finish(report());
    const reader = open(path);
    assert.equal((await reader.logs((await reader.find(id))[0]!, { limit: 100 })).length, 2);
    assert.equal((await reader.find(id))[0]?.state, "Completed");
    reader.close();
    assert.deepEqual(warnings, []);
  });

  for (const what of ["removed", "replaced"]) {
    it(`leaves the end of a run beside a history that was ${what} while it was under way`, async () => {
      const path = join(temporaryFolder(), "home", "history.sqlite");
      const { recorder, tell, warnings } = recording(path);
      tell(windowResolved);
      for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
      if (what === "replaced") openHistory(path).close();
      await recorder.finish(report());
      assert.match(warnings.join(), /the end of the run lies beside it/);
      openHistory(path).close();
      const reader = open(path);
      assert.deepEqual([(await reader.find(id))[0]?.state], ["Completed"]);
      reader.close();
    });
  }

  for (const when of ["at the end", "all the time"]) {
    it(`leaves the end of a run beside a history that is held ${when}: it never becomes Crashed`, async () => {
      const path = join(temporaryFolder(), "home", "history.sqlite");
      const earlier = recording(path, { id: "earlier" });
      await earlier.recorder.finish(report());
      earlier.recorder.close();
      const holder = new DatabaseSync(path);
      if (when === "all the time") holder.exec("begin immediate");
      const { recorder, tell, warnings } = recording(path);
      tell({ type: "task.state", task, state: "Running", attempt: 1 });
      if (when === "at the end") holder.exec("begin immediate");
      await recorder.finish(report());
      assert.match(warnings.join(), /^the run history .* the end of the run lies beside it/);
      // Its process is gone, and the history is still held.
      const looking = new DatabaseSync(path);
      findCrashed(looking, path);
      holder.exec("rollback");
      holder.close();
      looking.exec("update runs set process_started = '1'");
      findCrashed(looking, path);
      looking.close();
      const reader = open(path);
      const [row] = await reader.find(id);
      assert.deepEqual(
        [row?.state, row?.changed, (await reader.inspect(row!.no)).report?.state],
        ["Completed", 6, "Completed"],
      );
      reader.close();
      assert.deepEqual(readdirSync(join(dirname(path), "runs-ended")), []);
    });
  }

  it("leaves a refusal beside a history that is held: the start it was never becomes a run", async () => {
    const { path, recorder } = recording();
    await recorder.finish(report());
    recorder.close();
    const refused = recording(path, { id: "refused" });
    refused.tell({ type: "warehouse.opened" });
    const holder = new DatabaseSync(path);
    holder.exec("begin immediate");
    await refused.recorder.refuse(refusal);
    holder.exec("rollback; update runs set process_started = '1'");
    findCrashed(holder, path);
    holder.close();
    const reader = open(path);
    assert.deepEqual([(await reader.list({ limit: 9 })).length, (await reader.refusal())?.runId], [1, "refused"]);
    reader.close();
  });

  it("puts an end aside that is damaged, and leaves one alone that is being written", async () => {
    const { path, recorder } = recording();
    await recorder.finish(report());
    recorder.close();
    const folder = join(dirname(path), "runs-ended");
    mkdirSync(folder);
    for (const file of ["a.json", "b.unfinished"]) writeFileSync(join(folder, file), '{"run":');
    open(path).close();
    const reader = open(path);
    await reader.list({ limit: 9 });
    reader.close();
    const database = new DatabaseSync(path);
    findCrashed(database, path);
    database.close();
    assert.deepEqual(readdirSync(folder), ["a.json.damaged", "b.unfinished"]);
  });
});

describe("the lease", () => {
  it("knows this process, and one that is gone from one that took its number", async () => {
    const lease = leaseOf(process.pid);
    assert.equal(processState(lease), "alive");
    assert.equal(processState({ ...lease, processStarted: "1" }), "gone", "another process with that number");
    assert.equal(processState({ ...lease, boot: "another" }), "gone", "another boot");
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    const other = leaseOf(child.pid!);
    assert.equal(processState(other), "alive");
    child.kill("SIGSTOP");
    assert.equal(processState(other), "alive", "a suspended one is alive");
    child.kill("SIGKILL");
    await once(child, "close");
    assert.equal(processState(other), "gone");
  });

  it("of another machine or container says nothing, so that nothing is guessed and nobody is signalled", async () => {
    const lease = leaseOf(process.pid);
    for (const other of [{ host: "elsewhere" }, { namespace: "pid:[1]" }]) {
      assert.equal(processState({ ...lease, ...other }), "unknown");
      assert.ok(!isAlive({ ...lease, ...other }));
    }
    assert.equal(processState({ ...lease, namespace: null }), "alive", "of a version that did not keep it");
  });

  it("of another container is over when its warehouse is held by somebody else, and its heart has stopped", async () => {
    const { path, recorder } = recording();
    const reader = open(path);
    const change = (sql: string) => {
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
    };
    change("update runs set namespace = 'pid:[1]', heartbeat_at = unixepoch() * 1000 - 300000");
    recorder.close();
    assert.equal(await reader.stateOf(1), "Running");
    assert.ok((await reader.list({ limit: 1 }))[0]!.unheardSince !== null);
    const elsewhere = recording(path, { id: "b", database: "y.duckdb" });
    assert.equal(await reader.stateOf(1), "Running", "another warehouse proves nothing");
    const next = recording(path, { id: "c" });
    assert.equal(await reader.stateOf(1), "Crashed");
    for (const { recorder: one } of [elsewhere, next]) one.close();
    reader.close();
  });
});
describe("the history", () => {
  /** Runs of the past, a minute apart; every fourth failed. */
  function filled(count: number, path = join(temporaryFolder(), "history.sqlite")): History {
    const database = openHistory(path);
    const insert = database.prepare(
      `insert into runs (id, name, flow, state, trigger, started_at, ended_at, as_of, source, database, settings, host, pid, heartbeat_at)
       values (?, ?, 'flow', ?, ?, ?, ?, '2026-11-20', 's', 'd', '{}', 'h', 1, 0)`,
    );
    for (let i = 1; i <= count; i++) {
      const runId = `${String(i).padStart(8, "0")}-0000`;
      insert.run(
        runId,
        runName(runId),
        i % 4 === 0 ? "Failed" : "Completed",
        i % 2 ? "cli" : "schedule",
        i * 60_000,
        i * 60_000 + 5000,
      );
    }
    database.close();
    return open(path);
  }

  it("lists newest first, filtered and by pages", async () => {
    const history = filled(20);
    const numbers = async (filter: Partial<RunFilter>) =>
      (await history.list({ limit: 4, ...filter })).map(({ no }) => no);
    assert.deepEqual(await numbers({}), [20, 19, 18, 17]);
    assert.deepEqual(await numbers({ before: 17 }), [16, 15, 14, 13]);
    assert.deepEqual(await numbers({ states: ["Failed"] }), [20, 16, 12, 8]);
    assert.deepEqual(await numbers({ trigger: "cli", states: ["Completed"] }), [19, 17, 15, 13]);
    assert.deepEqual(await numbers({ since: 19 * 60_000 }), [20, 19]);
    assert.deepEqual(
      (await history.find("0000001")).map(({ no }) => no),
      [19, 18, 17, 16, 15, 14, 13, 12, 11, 10],
    );
    assert.deepEqual(
      (await history.find("")).map(({ no }) => no),
      [20],
    );
    assert.deepEqual(await history.find("nothing"), []);
    history.close();
  });

  it("uses an index for every question", async () => {
    const history = filled(50);
    const asked = new Set<string>();
    const { prepare } = DatabaseSync.prototype;
    DatabaseSync.prototype.prepare = function (sql) {
      asked.add(sql);
      return prepare.call(this, sql);
    };
    try {
      await history.list({ limit: 5 });
      await history.list({ limit: 5, states: ["Failed"], before: 40 });
      await history.list({ limit: 5, trigger: "cli", since: 60_000 });
      await history.find("0");
      await history.find("");
      await history.inspect(1);
      await history.logs({ no: 1, id }, { limit: 5, after: 2, level: 20, since: 5 });
      await history.logs({ no: 1, id }, { limit: 5, task: "a" });
      await history.stateOf(1);
      await history.requestCancel(1);
      await history.ended(60_000);
      await history.prune({ before: 0, keep: 10 });
    } finally {
      DatabaseSync.prototype.prepare = prepare;
    }
    assert.ok(asked.size > 12, `${asked.size} statements`);
    const database = new DatabaseSync(history.place);
    for (const sql of asked) {
      if (/^pragma/.test(sql)) continue;
      const steps = database.prepare(`explain query plan ${sql}`).all() as { detail: string }[];
      // The newest so many runs are read backwards from the end of the table.
      const scans = steps.filter(({ detail }) => /^SCAN/.test(detail) && !/USING/.test(detail) && !/limit/i.test(sql));
      assert.deepEqual(
        scans.map(({ detail }) => detail),
        [],
        sql,
      );
    }
    database.close();
    history.close();
  });

  it("forgets by itself only what is old by a clock that the newest runs agree with", async () => {
    const history = filled(120);
    const database = new DatabaseSync(history.place);
    const outdated = (before: number, keep: number) => database.prepare(outdatedRuns).all(before, keep).length;
    assert.equal(outdated(Number.MAX_SAFE_INTEGER, 10_000), 0, "a clock that is ahead");
    assert.equal(outdated(100 * 60_000, 10_000), 70, "all but the newest 50");
    assert.equal(outdated(5 * 60_000, 10_000), 4);
    assert.equal(outdated(0, 10), 110);
    database.close();
    history.close();
  });

  for (const mode of ["incremental", "none"]) {
    it(`gives back the space of what it forgets, in a file made with auto_vacuum ${mode}`, async () => {
      const path = join(temporaryFolder(), "history.sqlite");
      if (mode === "none") {
        const early = new DatabaseSync(path);
        early.exec("pragma auto_vacuum = none; create table early (x); drop table early");
        early.close();
      }
      const history = filled(60, path);
      const database = new DatabaseSync(path);
      database.exec(
        "insert into logs select no, 1, 0, 20, null, 'x', hex(randomblob(20000)) from runs; pragma wal_checkpoint(truncate)",
      );
      database.close();
      const before = statSync(path).size;
      assert.equal(await history.prune({ before: 0, keep: 5 }), 55);
      history.close();
      assert.ok(statSync(path).size < before / 4, `${before} became ${statSync(path).size}`);
    });
  }

  it("forgets what is old and what is too many", async () => {
    const history = filled(20);
    assert.equal(await history.prune({ before: 5 * 60_000, keep: 1000 }), 4);
    assert.equal(await history.prune({ before: 0, keep: 10 }), 6);
    assert.deepEqual((await history.list({ limit: 100 })).length, 10);
    history.close();
  });
});
