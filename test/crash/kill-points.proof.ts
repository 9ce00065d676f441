import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SqliteHistory } from "../../src/history/sqlite/history.ts";
import type { SnapshotManifest } from "../../src/pipeline/manifest.ts";
import { ProcessLock } from "../../src/warehouse/duckdb/lock.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { allAreGone, canListProcesses } from "../harness/processes.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";

const window = { from: "2026-01-01", to: "2026-11-20" };
const settings = {
  PIPELINE_START_DATE: window.from,
  PIPELINE_AS_OF: window.to,
  PIPELINE_PAGE_SIZE: "200",
};

/** What a run leaves, times and ids aside. */
const contents = `
  select 'state', company, loaded_from::varchar, loaded_through::varchar from pipeline.state
  union all select 'rows', company, count(*)::varchar, count(_deleted_at)::varchar from raw.cfpb_complaints group by company
  order by all`;

/** More events than any run has. */
const most = 120;

/** Invariant 3, at every event of a run, whatever the order that two companies side by side make of them. */
describe("a run that ends at its Nth event, then a run", () => {
  let source: TestSource;
  let undisturbed: (string | null)[][];
  let events = 0;
  before(async () => {
    source = await startTestSource();
    const home = testHome(source);
    const { stdout } = await home.die(String(most), settings);
    events = Number(/^(\d+) events, Completed/.exec(stdout)?.[1]);
    assert.ok(events >= 45 && events < most, `${events} events`);
    undisturbed = await home.query(contents);
  });
  after(() => source.close());

  /** What the history says of the run that ended early: once, with its attempts and with what happened before. */
  async function checkHistory(home: TestHome, point: number, states: readonly string[]): Promise<void> {
    const history = SqliteHistory.open(join(home.folder, "history.sqlite"));
    // What ends before its windows are known has no history yet.
    if (history === null) return;
    const [run, ...others] = await history.list({ limit: 10 });
    assert.deepEqual(others, []);
    assert.ok(states.includes(run!.state), `${run!.state} at event ${point}`);
    assert.equal(await history.stateOf(run!.no), run!.state, "and stays so");
    const { tasks, attempts } = await history.inspect(run!.no);
    for (const { name, attempts: number, state } of tasks.filter((task) => task.attempts > 0)) {
      const own = attempts.filter(({ task }) => task === name);
      assert.equal(own.length, number, name);
      assert.equal(own.at(-1)!.state, state, name);
    }
    const lines = await history.logs(run!, { limit: 1000 });
    assert.ok(lines.length >= point - 2, `${lines.length} lines up to event ${point}`);
    history.close();
  }

  async function heals(home: TestHome): Promise<void> {
    if (canListProcesses) await allAreGone(home.folder);
    assert.equal(ProcessLock.holderOf(home.database), undefined, "the lock is free");
    const report = await home.report(["run"], settings);
    assert.equal(report.code, 0, JSON.stringify(report.error));
    assert.deepEqual(await home.query(contents), undisturbed);
    await assertTrue(home, source, window.to, window);
    const [owed] = await home.query(
      `select max(through_load_no) >= (select max(load_no) from pipeline.loads where inserted + updated + deleted > 0)
       from pipeline.transforms`,
    );
    assert.deepEqual(owed, ["true"], "the marts show every load");
    const snapshot = JSON.parse(readFileSync(join(home.folder, "published", "current", "manifest.json"), "utf8"));
    const [built] = await home.query("select run_id from pipeline.transforms order by finished_at desc limit 1");
    assert.deepEqual(built, [(snapshot as SnapshotManifest).marts.runId], "readers see the last build");
    assert.deepEqual(
      readdirSync(join(home.folder, "published")).filter((name) => name.startsWith(".")),
      [],
    );
    assert.deepEqual(readdirSync(join(home.folder, "landing")), []);
    assert.ok(!existsSync(`${home.database}.wal`) && !existsSync(`${home.database}.tmp`));
  }

  it("kill -9: the warehouse equals one that was never killed", { concurrency: 2, timeout: 400_000 }, async (t) => {
    const points = Array.from({ length: events }, (_, i) =>
      t.test(`event ${i + 1}`, async () => {
        const home = testHome(source);
        assert.equal((await home.die(String(i + 1), settings)).signal, "SIGKILL");
        await checkHistory(home, i + 1, ["Crashed"]);
        await heals(home);
      }),
    );
    await Promise.all(points);
  });

  it("SIGTERM: cancelled, rolled back, and it heals", { concurrency: 2, timeout: 400_000 }, async (t) => {
    const points = Array.from({ length: events }, (_, i) =>
      t.test(`event ${i + 1}`, async () => {
        const home = testHome(source);
        const { code, stdout } = await home.die(String(i + 1), settings, "SIGTERM");
        // Once the state is being committed there is nothing left to cancel.
        assert.match(stdout, i + 1 > events - 8 ? /(Cancelled|Completed)\n$/ : /Cancelled\n$/);
        assert.equal(code, 0);
        await checkHistory(home, i + 1, ["Cancelled", "Completed"]);
        await heals(home);
      }),
    );
    await Promise.all(points);
  });
});
