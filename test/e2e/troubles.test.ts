import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it, type TestContext } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { temporaryFolder } from "../harness/context.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { canListProcesses, processesOf } from "../harness/processes.ts";
import { jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";

const asOf = "2026-11-20";
const run = ["run", "--start-date", "2026-09-01", "--as-of", asOf];

const needsProc = { skip: !canListProcesses && "processes cannot be listed here" };

describe("a machine in trouble", () => {
  let source: TestSource;
  let home: TestHome;
  before(async () => {
    source = await startTestSource({ scale: 0.05 });
  });
  beforeEach(() => {
    source.intercept = undefined;
    source.asOf = asOf;
    home = testHome(source);
  });
  after(() => source.close());

  it("whose dbt is killed from outside names the signal, and the next run heals", needsProc, async () => {
    const { child, said, outcome } = home.start([...run, "-v"], { FAKE_DBT: "hang" });
    await said(/dbt: model fct_complaints: success/);
    for (const pid of processesOf(home.folder)) if (pid !== child.pid) process.kill(pid, "SIGKILL");
    const { code, stderr } = await outcome;
    assert.equal(code, 1);
    assert.match(stderr, /error\[dbt_crashed\]: dbt stopped before it had results \(killed by SIGKILL\)/);
    assert.deepEqual(await home.watermarks(), []);
    assert.equal((await home.report(run)).dbt?.state, "Completed");
  });

  it("on which another program takes the file between load and dbt says which", async () => {
    const taken = Promise.withResolvers<void>();
    const taker = `
      import { DuckDBInstance } from "@duckdb/node-api";
      for (;;) {
        try { await DuckDBInstance.create(${JSON.stringify(home.database)}); break; }
        catch { await new Promise((resolve) => setTimeout(resolve, 5)); }
      }
      process.stdout.write("taken");
      process.stdin.resume();`;
    const { said, outcome } = home.start(run, { PIPELINE_DBT: "" });
    await said(/jpmorgan: \d+ of \d+: complete/);
    const child = spawn(process.execPath, ["--input-type=module", "-e", taker], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdout.once("data", () => taken.resolve());
    const { code, stderr } = await outcome;
    await taken.promise;
    child.kill("SIGKILL");
    await once(child, "close");
    // Whichever of the two was first: dbt is refused, or the commit after it.
    if (code !== 0) {
      assert.match(stderr, new RegExp(`error\\[warehouse_(taken|locked)\\]: .*process ${child.pid}`));
      assert.deepEqual(await home.watermarks(), []);
    }
    assert.equal((await home.run(run)).code, 0);
    assert.equal((await home.watermarks()).length, 2);
  });

  for (const how of ["moved", "moved and failed", "moved and replaced"]) {
    it(`whose warehouse is ${how} while dbt runs remembers nothing, and goes on when it is back`, async () => {
      const home = testHome(source);
      const run = ["run", "--start-date", "2026-09-01", "--as-of", source.asOf];
      const { code, stdout, stderr } = await home.run(run, { FAKE_DBT: how });
      assert.equal(code, 1, stderr);
      assert.match(stderr, /error\[warehouse_failed\]: The warehouse .* was moved, removed or replaced/);
      assert.match(stderr, /Nothing of this run is remembered/);
      assert.doesNotMatch(stdout, /Verified|Published/);
      assert.equal(existsSync(home.database), how === "moved and replaced", "no new file is made in its place");
      assert.equal((await home.run(["sql", "select 1"])).code, 1, "nothing is published");
      renameSync(`${home.database}.away`, home.database);
      assert.deepEqual(await home.watermarks(), []);
      const healed = await home.report(run);
      assert.equal(healed.code, 0);
      assert.deepEqual(
        healed.companies.map(({ unchanged, expected }) => unchanged === expected),
        [true, true],
      );
    });
  }

  it("whose landing folder is in the way or is cleaned up by something else says so", async () => {
    const landing = join(home.folder, "landing");
    mkdirSync(home.folder, { recursive: true });
    writeFileSync(landing, "");
    const blocked = await home.report(run);
    assert.deepEqual([blocked.code, blocked.error?.code], [1, "landing_failed"]);
    assert.match(blocked.error?.message ?? "", /could not be stored in .*landing.* \(ENOTDIR/);
    rmSync(landing);
    source.intercept = (url) => {
      if (url.searchParams.getAll("company").includes(jpmorgan)) rmSync(landing, { recursive: true, force: true });
      return undefined;
    };
    const cleaned = await home.report([...run, "--companies", "jpmorgan"]);
    assert.deepEqual([cleaned.code, cleaned.error?.code], [1, "landing_failed"]);
    assert.equal(existsSync(home.database), false, "nothing was loaded");
    source.intercept = undefined;
    assert.equal((await home.report(run)).code, 0);
  });

  it("whose clock stands a day back loses nothing and moves no watermark back", async () => {
    assert.equal((await home.run(run)).code, 0);
    source.asOf = "2026-11-19";
    const report = await home.report(["run", "--start-date", "2026-09-01", "--as-of", "2026-11-19"]);
    assert.equal(report.code, 0);
    assert.deepEqual(
      (await home.watermarks()).map(([, , through]) => through),
      [asOf, asOf],
    );
    source.asOf = asOf;
    assert.equal((await home.report(run)).companies[0]?.window.from, "2026-09-21");
  });

  it("is told nothing false by a total that halves", async () => {
    assert.equal((await home.run(run)).code, 0);
    const count = () => home.query("select count(*) from raw.cfpb_complaints where _deleted_at is null");
    const before = await count();
    source.intercept = (url) =>
      url.searchParams.getAll("company").includes(jpmorgan) ? { kind: "total", factor: 0.5 } : undefined;
    const report = await home.report(run);
    assert.deepEqual([report.code, report.error?.code], [3, "companies_failed"]);
    assert.equal(report.companies[0]?.error?.code, "reconcile_failed");
    assert.deepEqual(await count(), before);
  });

  it("leaves no process when it has ended, whatever ended it", needsProc, async () => {
    await home.run(run, { FAKE_DBT: "crash" });
    assert.deepEqual(processesOf(home.folder), []);
  });
});

/** A small disk of its own: needs root, and leave to mount. */
function smallDisk(t: TestContext, megabytes: number): string | null {
  const folder = join(temporaryFolder(), "disk");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return null; // the test skips itself
  }
  t.after(() => execFileSync("umount", ["-l", folder], { stdio: "ignore" }));
  return folder;
}

describe("a disk that fills", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource({ scale: 1 });
  });
  after(() => source.close());

  const run = ["run", "--start-date", "2025-01-01", "--as-of", asOf];
  const cases = [
    ["while answers are landed", 12],
    ["while the warehouse is written", 48],
  ] as const;
  for (const [when, megabytes] of cases) {
    it(`${when} ends in a clear refusal, and with more room the next run completes`, async (t) => {
      const folder = smallDisk(t, megabytes);
      if (folder === null) return t.skip("a small disk cannot be mounted here");
      const home = testHome(source, join(folder, "home"));
      const { code, stderr } = await home.run(run);
      assert.notEqual(code, 0);
      assert.match(stderr, /disk_full|The disk is full/);
      assert.doesNotMatch(stderr, /error\[internal\]/);
      execFileSync("mount", ["-o", "remount,size=400m", folder]);
      const report = await home.report(run);
      assert.equal(report.code, 0, JSON.stringify(report.error));
      assert.equal((await home.watermarks()).length, 2);
    });
  }

  it("in DuckDB's spill ends in a clear refusal", async (t) => {
    const folder = smallDisk(t, 40);
    if (folder === null) return t.skip("a small disk cannot be mounted here");
    const database = join(folder, "spill.duckdb");
    const instance = await DuckDBInstance.create(database, { memory_limit: "60MB", threads: "1" });
    const connection = await instance.connect();
    const { statementFailure } = await import("../../src/warehouse/duckdb/failures.ts");
    const failure = await connection
      .run("create temp table t as select range as a, md5(range::varchar) as b from range(3000000) order by b")
      .catch((error: unknown) => statementFailure(error));
    assert.match(String((failure as { code: string }).code), /disk_full|warehouse_failed/);
    connection.closeSync();
    instance.closeSync();
  });
});
