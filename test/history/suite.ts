import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryStore, RunRecorder } from "../../src/history/history.ts";
import type { NewRun } from "../../src/history/rows.ts";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import type { ErrorFacts } from "../../src/run/errors.ts";
import type { EventFacts } from "../../src/run/events.ts";
import { levels } from "../../src/run/log-level.ts";
import { windowResolved } from "../harness/events.ts";

/** A history of nothing yet, and how a run in it comes to be of a process that is gone. */
export type MadeHistory = { store: HistoryStore; recordAndDie(run: NewRun): Promise<void> };

const start = Date.parse("2026-11-20T02:00:00Z");
const extract = {
  task: "extract_and_load_complaints[a]",
  ...{ step: "extract_and_load_complaints", company: "a", scope: "a" },
};
const error: ErrorFacts = { code: "source_html", message: "It sent HTML.", data: "Nothing.", next: "Again." };

/** The n-th run of a history, a minute after the one before. */
function newRun(n: number, change: Partial<NewRun> = {}): NewRun {
  const id = `${String(n).padStart(8, "0")}-0000-4000-8000-000000000000`;
  return {
    ...{ id, flow: "f", trigger: "cli", startedAt: start + n * 60_000, asOf: "2026-11-20", source: "s", database: "d" },
    settings: { companies: ["a"] },
    ...change,
  };
}

function report(run: NewRun, change: Partial<RunReport> = {}): RunReport {
  return {
    ...{ runId: run.id, flow: run.flow, state: "Completed", durationMs: 30_000, peakRssBytes: 1 },
    ...{
      requests: 3,
      bytes: 4,
      database: run.database,
      nothingNew: false,
      companies: [],
      forgotten: [],
      untracked: [],
    },
    startedAt: new Date(run.startedAt).toISOString(),
    endedAt: new Date(run.startedAt + 30_000).toISOString(),
    ...{ outside: null, warnings: [], fields: { unknown: [], missing: [], emptied: [], responses: [] }, dbt: null },
    ...{ published: null, audit: null, error: null },
    ...change,
  };
}

/** A recorder that fails the test where it cannot write, and what tells it events. */
async function recording(
  store: HistoryStore,
  run: NewRun,
  onCancel: () => void = () => assert.fail("nobody canceled"),
) {
  const recorder = store.record(run, { warn: assert.fail, onCancel });
  let second = 0;
  const tell = async (...events: EventFacts[]) => {
    for (const event of events) {
      await recorder.record({ ...event, runId: run.id, at: new Date(run.startedAt + 1000 * ++second).toISOString() });
    }
  };
  await recorder.begin();
  return { recorder, tell };
}

/** A whole run with one task. */
async function recordRun(store: HistoryStore, run: NewRun, change: Partial<RunReport> = {}): Promise<void> {
  const { recorder, tell } = await recording(store, run);
  await tell(
    { type: "run.started", flow: run.flow, database: run.database, source: run.source, asOf: run.asOf },
    windowResolved,
    { type: "task.state", ...extract, state: "Running", attempt: 1 },
    { type: "page.landed", ...extract, page: 1, rows: 5, total: 5, bytes: 100, strategy: "pages", ms: 20 },
    { type: "task.state", ...extract, state: "Completed", attempt: 1 },
  );
  await end(recorder, report(run, change));
}

async function end(recorder: RunRecorder, document: RunReport): Promise<void> {
  await recorder.finish(document);
  await recorder.close();
}

/** What every history does, whatever it is kept in. */
export function historySuite(name: string, make: () => MadeHistory): void {
  describe(`a history ${name}`, () => {
    it("is none before the first run, and is kept open from then on", async () => {
      const { store } = make();
      const handle = store.keepOpen();
      assert.deepEqual([await store.open(), await store.notices(), await handle.get()], [null, null, null]);
      await recordRun(store, newRun(1));
      const [run] = await (await handle.get())!.list({ limit: 9 });
      assert.equal(run?.id, newRun(1).id);
      assert.equal(await store.damage(), null);
      handle.close();
    });

    it("has a run from the moment it begins, with its tasks, attempts and lines while they happen", async () => {
      const { store } = make();
      const run = newRun(1);
      const { recorder, tell } = await recording(store, run);
      const history = (await store.open())!;
      assert.deepEqual(
        (await history.list({ limit: 9 })).map(({ id, state }) => [id, state]),
        [[run.id, "Running"]],
      );
      await tell({ type: "task.state", ...extract, state: "Running", attempt: 1 });
      const [row] = await history.find(run.id);
      const first = await history.logs(row!, { limit: 9 });
      assert.deepEqual(
        first.map(({ seq, event }) => [seq, event.type]),
        [[1, "task.state"]],
      );
      await tell(
        { type: "source.request", ...extract, attempt: 1, url: "u" },
        { type: "page.landed", ...extract, page: 1, rows: 5, total: 9, bytes: 100, strategy: "pages", ms: 20 },
        { type: "task.retry", ...extract, attempt: 1, waitMs: 7, error },
        { type: "task.state", ...extract, state: "Running", attempt: 2 },
        { type: "task.state", ...extract, state: "Failed", attempt: 2, error },
      );
      const next = await history.logs(row!, { after: 1, limit: 2 });
      assert.deepEqual(
        next.map(({ seq, event }) => [seq, event.type]),
        [
          [2, "source.request"],
          [3, "page.landed"],
        ],
      );
      assert.deepEqual(
        (await history.logs(row!, { level: levels.error, limit: 9 })).map(({ seq }) => seq),
        [6],
      );
      assert.deepEqual((await history.logs(row!, { task: "other", limit: 9 })).length, 0);
      assert.deepEqual(
        (await history.logs(row!, { search: "LANDED", limit: 9 })).map(({ seq }) => seq),
        [3],
      );
      assert.equal(await history.lineCount(row!.no), 6);
      await end(recorder, report(run, { state: "Failed", error }));
      const { state, tasks, attempts, report: document, settings } = await history.inspect(row!.no);
      assert.deepEqual([state, document?.error, settings], ["Failed", error, run.settings]);
      assert.deepEqual(
        tasks.map((task) => [task.name, task.company, task.state, task.attempts, task.rows, task.requests, task.error]),
        [[extract.task, "a", "Failed", 2, 5, 1, error]],
      );
      assert.deepEqual(
        attempts.map(({ number, state: of, waitMs }) => [number, of, waitMs]),
        [
          [1, "Failed", 7],
          [2, "Failed", null],
        ],
      );
      history.close();
    });

    it("lists runs by state, trigger, time and place, and finds them by the beginning of id or name", async () => {
      const { store } = make();
      for (const n of [1, 2, 3, 4]) {
        const state = n % 2 === 0 ? "Failed" : "Completed";
        await recordRun(store, newRun(n, { trigger: n > 2 ? "schedule" : "cli" }), { state });
      }
      const history = (await store.open())!;
      const ids = async (filter: object) =>
        (await history.list({ limit: 9, ...filter })).map(({ id }) => Number(id.slice(0, 8)));
      assert.deepEqual(await ids({}), [4, 3, 2, 1]);
      assert.deepEqual(await ids({ states: ["Failed"] }), [4, 2]);
      assert.deepEqual(await ids({ trigger: "cli" }), [2, 1]);
      assert.deepEqual(await ids({ since: start + 3 * 60_000 }), [4, 3]);
      const [third] = await history.find("00000003");
      assert.deepEqual(await ids({ before: third!.no }), [2, 1]);
      assert.deepEqual((await history.find("0000000")).length, 4);
      assert.equal((await history.find(third!.name))[0]?.name, third!.name);
      assert.equal((await history.find(""))[0]?.id, newRun(4).id);
      assert.deepEqual(await history.find("nothing"), []);
      history.close();
    });

    it("never leaves a final state", async () => {
      const { store } = make();
      const run = newRun(1);
      await recordRun(store, run);
      const history = (await store.open())!;
      const [row] = await history.find(run.id);
      await history.requestCancel(row!.no);
      await history.findCrashed();
      assert.equal(await history.stateOf(row!.no), "Completed");
      history.close();
    });

    it("says Crashed of a run whose process is gone", async () => {
      const { store, recordAndDie } = make();
      await recordAndDie(newRun(1));
      const history = (await store.open())!;
      assert.deepEqual(
        (await history.list({ limit: 9 })).map(({ state }) => state),
        ["Crashed"],
      );
      const notices = (await store.notices())!;
      assert.equal((await notices.unreportedCrash(start + 3_600_000))?.id, newRun(1).id);
      notices.close();
      history.close();
    });

    it("asks a run to stop", async () => {
      const { store } = make();
      const asked = Promise.withResolvers<void>();
      const { recorder } = await recording(store, newRun(1), () => asked.resolve());
      const history = (await store.open())!;
      const [row] = await history.list({ limit: 1 });
      await history.requestCancel(row!.no);
      assert.equal(await history.stateOf(row!.no), "Cancelling");
      await asked.promise;
      await end(recorder, report(newRun(1), { state: "Cancelled" }));
      assert.equal(await history.stateOf(row!.no), "Cancelled");
      history.close();
    });

    it("keeps the refusal of a start that a schedule made, until a run gets past its settings", async () => {
      const { store } = make();
      await recordRun(store, newRun(1));
      const { recorder } = await recording(store, newRun(2, { trigger: "schedule" }));
      await recorder.refuse({ ...error, code: "company_not_found" });
      await recorder.close();
      const history = (await store.open())!;
      assert.equal((await history.list({ limit: 9 })).length, 1, "it was no run");
      assert.deepEqual(
        [(await history.refusal())?.code, (await history.refusal())?.message],
        ["company_not_found", "It sent HTML."],
      );
      await recordRun(store, newRun(3));
      assert.equal(await history.refusal(), null);
      history.close();
    });

    it("counts: runs by state, ended runs, the time of each task over all scopes", async () => {
      const { store } = make();
      for (const n of [1, 2, 3]) await recordRun(store, newRun(n), n === 3 ? { state: "Failed" } : {});
      const history = (await store.open())!;
      const counts = (await history.countByState()).map(({ state, runs }) => [state, runs]);
      assert.deepEqual(counts.sort(), [
        ["Completed", 2],
        ["Failed", 1],
      ]);
      const ended = await history.ended(start + 2 * 60_000);
      assert.deepEqual(
        ended.map(({ state, requests }) => [state, requests]),
        [
          ["Failed", 3],
          ["Completed", 3],
        ],
      );
      const [time] = await history.taskTimes(0);
      assert.deepEqual([time?.task, time?.runs, time?.p50Ms], ["extract_and_load_complaints", 2, 2000]);
      history.close();
    });

    it("tells how long the newest answers of a source took", async () => {
      const { store } = make();
      const landed = { type: "page.landed", ...extract, page: 1, total: 9, bytes: 100, strategy: "pages" } as const;
      for (const [n, source] of ["live", "another", "live"].entries()) {
        const { recorder, tell } = await recording(store, { ...newRun(n + 1), source });
        await tell({ ...landed, rows: 5, ms: 10 * (n + 1) }, { ...landed, rows: 4, ms: 0 });
        await recorder.close();
      }
      const history = (await store.open())!;
      assert.deepEqual(await history.landings("live"), [
        { strategy: "pages", rows: 5, ms: 30 },
        { strategy: "pages", rows: 5, ms: 10 },
      ]);
      history.close();
    });

    it("removes what started before a time, and what is beyond the newest so many", async () => {
      const { store } = make();
      for (const n of [1, 2, 3, 4]) await recordRun(store, newRun(n));
      const history = (await store.open())!;
      assert.equal(await history.prune({ before: start + 2 * 60_000, keep: 100 }), 1);
      assert.equal(await history.prune({ before: 0, keep: 2 }), 1);
      assert.deepEqual(
        (await history.list({ limit: 9 })).map(({ id }) => Number(id.slice(0, 8))),
        [4, 3],
      );
      history.close();
    });

    it("has another version after every change", async () => {
      const { store } = make();
      await recordRun(store, newRun(1));
      const history = (await store.open())!;
      const before = await history.version();
      assert.equal(await history.version(), before);
      await recordRun(store, newRun(2));
      assert.notEqual(await history.version(), before);
      history.close();
    });

    it("remembers who was told what: each incident once, what is pending until it is sent or given up", async () => {
      const { store } = make();
      await recordRun(store, newRun(1));
      await recordRun(store, newRun(2), { state: "Failed", error });
      const notices = (await store.notices())!;
      const history = (await store.open())!;
      assert.deepEqual([await notices.hadSuccess(newRun(1).id), await notices.hadSuccess(newRun(2).id)], [false, true]);
      const notice = { id: "n", kind: "failed", incident: "failed:x", runId: newRun(2).id, at: 10, message: "{}" };
      assert.equal(await notices.add(notice, ["webhook", "slack"]), true);
      assert.equal(await notices.add({ ...notice, id: "again" }, ["webhook"]), false);
      assert.deepEqual(
        (await notices.openIncidents()).map(({ kind, incident }) => [kind, incident]),
        [["failed", "failed:x"]],
      );
      assert.deepEqual(await notices.take(9), [], "not before its time");
      const [slack, webhook] = await notices.take(10);
      assert.deepEqual([slack?.channel, webhook?.channel, webhook?.attempts], ["slack", "webhook", 0]);
      assert.deepEqual(await notices.take(11), [], "another process has taken them");
      await notices.settle(slack!, { attempts: 1, error: null, nextAt: null }, 12);
      await notices.settle(webhook!, { attempts: 3, error: "not today", nextAt: 100 }, 12);
      const pending = [{ kind: "failed", channel: "webhook", error: "not today" }];
      assert.deepEqual(
        (await history.undelivered()).map((one) => ({ ...one })),
        pending,
      );
      assert.deepEqual(
        (await notices.take(100)).map(({ attempts }) => attempts),
        [3],
      );
      await notices.settle(webhook!, { attempts: 6, error: "not today", nextAt: null }, 101);
      const [row] = await history.find(newRun(2).id);
      assert.deepEqual(
        (await history.inspect(row!.no)).notices.map(({ channel, state, attempts }) => [channel, state, attempts]),
        [
          ["slack", "sent", 1],
          ["webhook", "failed", 6],
        ],
      );
      notices.close();
      history.close();
    });
  });
}
