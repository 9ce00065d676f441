import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findingsOf } from "../../../src/app/doctor/finding.ts";
import { checkDisk, checkHome, checkNode } from "../../../src/app/doctor/machine.ts";
import { checkNotifications, checkSchedule } from "../../../src/app/doctor/nightly.ts";
import { checkHistory, checkScheduleFile, checkSnapshot, checkWarehouse } from "../../../src/app/doctor/stores.ts";
import { wireDoctor } from "../../../src/app/wiring/doctor.ts";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { cronTimes } from "../../../src/schedule/cron.ts";
import { entryOf } from "../../../src/schedule/crontab.ts";
import { ScheduleStore } from "../../../src/schedule/store.ts";
import { Database } from "../../../src/warehouse/duckdb/database.ts";
import { ProcessLock } from "../../../src/warehouse/duckdb/lock.ts";
import { startScript } from "../../harness/cli.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { testHome } from "../../harness/home.ts";
import { runInProcess } from "../../harness/in-process.ts";
import { startTestSource, type TestSource } from "../../harness/sample.ts";
import { testSnapshot } from "../../harness/snapshot.ts";

const configIn = (home: string): Config => loadConfig({ home }, undefined, "2099-01-01").config;
const warehouseOf = (config: Config) => checkWarehouse(config.database, wireDoctor(config, assert.fail).integrity);
const snapshotOf = (config: Config) => checkSnapshot(config.home, wireDoctor(config, assert.fail).snapshot);

describe("pipeline doctor", () => {
  let source: TestSource;
  let home: string;
  let config: Config;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    home = join(temporaryFolder(), "home");
    await runInProcess({ home, source });
    config = configIn(home);
  });
  after(() => source.close());

  it("says of a Node that is too old which one is needed", async () => {
    assert.equal(checkNode("v22.19.0", "1.0.0")[0]?.state, "ok");
    assert.equal(checkNode("v24.0.0", "1.0.0")[0]?.state, "ok");
    for (const version of ["v22.18.9", "v20.20.0"]) {
      const [found] = checkNode(version, "1.0.0");
      assert.deepEqual([found?.state, found?.fix], ["failure", "Install Node 22.19 or newer."]);
    }
  });

  it("finds a whole home well, and one that is not there yet", async () => {
    const checks = async (some: Config) => [
      ...(await checkHome(some)),
      ...checkDisk(some),
      ...(await warehouseOf(some)),
      ...(await checkHistory(some.home)),
      ...(await snapshotOf(some)),
    ];
    const found = await checks(config);
    assert.ok(found.every(({ state }) => state === "ok" || state === "warning"));
    assert.match(found.map(({ what }) => what).join("\n"), /124 rows, each complaint once, every block read and right/);
    assert.match(found.map(({ what }) => what).join("\n"), /whole; the last run, [a-z]+-[a-z]+, of .*: Completed/);
    const none = join(temporaryFolder(), "a", "b");
    const empty = await checks(configIn(none));
    assert.ok(empty.every(({ check, state }) => state === "ok" || check === "disk"));
    assert.equal(existsSync(none), false, "looking makes nothing");
  });

  it("finds a home that cannot be written", async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    // Root may write everything: the question is asked by somebody else.
    const script = `
      import { checkHome } from ${JSON.stringify(join(process.cwd(), "src/app/doctor/machine.ts"))};
      if (process.getuid() === 0) process.setuid(65534);
      console.log((await checkHome({ home: ${JSON.stringify(join(folder, "home"))} }))[0].what);`;
    const { stdout } = await startScript(["--input-type=module", "-e", script]).outcome;
    assert.equal(stdout, `The home ${folder}/home cannot be made: ${folder} is not writable\n`);
  });

  it("finds a home that is a file", async () => {
    const file = join(temporaryFolder(), "home");
    writeFileSync(file, "");
    assert.match((await checkHome(configIn(file)))[0]!.what, /is not a folder$/);
  });

  it("says who has the warehouse, and does not read it then", async () => {
    const lock = ProcessLock.acquire(config.database, { pid: process.pid, since: "now" });
    const [found] = await warehouseOf(config);
    lock.release();
    assert.deepEqual(
      [found?.state, found?.what],
      ["ok", `in use by process ${process.pid} since now; it was not read`],
    );
  });

  it("finds complaints that are stored twice, and a file that is none", async () => {
    const copy = join(temporaryFolder(), "home");
    await runInProcess({ home: copy, source });
    const { database } = configIn(copy);
    const warehouse = await Database.open({ path: database, memoryLimit: "256MB", threads: 1, relations: [] });
    await warehouse.connection(async (connection) => {
      await connection.run("insert into raw.cfpb_complaints select * from raw.cfpb_complaints limit 2");
    });
    warehouse.close();
    assert.match((await warehouseOf(configIn(copy)))[0]!.what, /^2 complaints stored twice$/);
    truncateSync(database, 6000);
    const [found] = await findingsOf("warehouse", () => warehouseOf(configIn(copy)));
    assert.deepEqual([found?.state, found?.check], ["failure", "warehouse"]);
  });

  it("finds a damaged history and the last run's failure", async () => {
    const copy = join(temporaryFolder(), "home");
    await runInProcess({ home: copy, source });
    source.intercept = () => ({ kind: "answer", status: 404 });
    await runInProcess({ home: copy, source });
    source.intercept = undefined;
    const [failed] = await checkHistory(copy);
    assert.equal(failed?.state, "warning");
    assert.match(failed!.what, /: Failed \(source_/);
    assert.match(failed!.fix!, /pipeline runs inspect [0-9a-f]{8}/);
    writeFileSync(join(copy, "history.sqlite"), "rubbish ".repeat(1000));
    const [damaged] = await findingsOf("history", () => checkHistory(copy));
    assert.equal(damaged?.state, "failure");
    writeFileSync(ScheduleStore.fileOf(copy), "rubbish ".repeat(1000));
    assert.match(checkScheduleFile(copy)[0]!.what, /is damaged/);
    rmSync(ScheduleStore.fileOf(copy));
    mkdirSync(ScheduleStore.fileOf(copy));
    assert.match(checkScheduleFile(copy)[0]!.what, /is damaged/, "not even a file");
  });

  it("finds a snapshot that lost a file", async () => {
    const { home: copy, folder, manifest } = await testSnapshot();
    assert.match((await snapshotOf(configIn(copy)))[0]!.what, /^2 tables, published 20/);
    const { file } = manifest.tables[0]!;
    rmSync(join(folder, file));
    assert.match((await snapshotOf(configIn(copy)))[0]!.what, new RegExp(`^${file} of .* is missing or cut off$`));
  });

  it("says that nothing starts the schedules, and who is paused", async () => {
    const folder = temporaryFolder();
    const store = ScheduleStore.open(ScheduleStore.fileOf(folder));
    const common = {
      cron: "0 2 * * *",
      timezone: "UTC",
      catchUp: "latest",
      overlap: "skip",
      jitterSeconds: 0,
    } as const;
    const rest = {
      lateAfterMinutes: 60,
      runOptions: [],
      createdAt: 0,
      nextDueAt: cronTimes("0 2 * * *", "UTC").next(Date.now()),
    };
    store.add({ name: "a", paused: false, ...common, ...rest });
    store.add({ name: "b", paused: true, ...common, ...rest });
    store.add({ name: "c", paused: false, ...common, ...rest, nextDueAt: Date.now() + 300 * 86_400_000 });
    store.add({ name: "d", paused: false, ...common, ...rest, runOptions: ["--database", "/elsewhere/two.duckdb"] });
    store.close();
    assert.deepEqual(
      checkSchedule(configIn(folder)).map(({ check, state, fix }) => [check, state, fix]),
      [
        ["schedule", "ok", null],
        ["schedule", "warning", "Go on with it: pipeline schedule resume b"],
        ["schedule", "warning", "pipeline server start --background"],
        ["schedule", "failure", "pipeline schedule rm d, and add it in a home of its own: --home NEW"],
        ["server", "failure", "pipeline server start --background"],
      ],
    );
    assert.deepEqual(
      checkSchedule(configIn(temporaryFolder())).map(({ state }) => state),
      ["warning"],
    );
  });

  it("reads the paths of a crontab line, whatever they hold", async () => {
    const line =
      "0 2 * * * cd '/it'\\''s 100\\% ours' && /n/node '/p q/main.js' run -q >> /h/cron.log 2>&1 # pipeline /h";
    assert.deepEqual(entryOf(`MAILTO=x\n${line}\n`, "/h")?.paths, ["/it's 100% ours", "/n/node", "/p q/main.js"]);
    assert.equal(entryOf(`# ${line}\n`, "/h"), null);
    assert.equal(entryOf(line, "/other"), null);
  });

  it("finds a crontab line that points nowhere", async () => {
    const folder = temporaryFolder();
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const tab = `0 2 * * * cd ${folder} && /gone/node /gone/main.js run -q >> x 2>&1 # pipeline ${folder}/home`;
    writeFileSync(join(bin, "crontab"), `#!/bin/sh\necho '${tab}'\n`);
    chmodSync(join(bin, "crontab"), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}`, PIPELINE_DBT: join(process.cwd(), "test/harness/fixtures/dbt") };
    const main = join(process.cwd(), "src/main.ts");
    const outcome = await startScript([main, "doctor", "--offline", "--home", "home"], env, folder).outcome;
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.stdout,
      /^failure {2}crontab: its line points to \/gone\/node, which is not there\n +pipeline schedule crontab --home .* --install$/m,
    );
  });

  it("finds secrets that are not there, and tells when nobody is told", async () => {
    const quiet = checkNotifications(config)[0];
    assert.deepEqual([quiet?.state, quiet?.what], ["warning", "nobody is told when a run fails"]);
    const notify = {
      ...config.notify,
      slack: { url: "env:NOT_SET" },
      webhook: { url: "https://a.test/", secret: "file:/none" },
    };
    const found = checkNotifications({ ...config, notify }).map(({ state, what }) => `${state} ${what}`);
    assert.deepEqual(found.sort(), [
      "failure the file /none cannot be read or is empty",
      "failure the variable NOT_SET is not set",
    ]);
    const there = checkNotifications({ ...config, notify: { ...config.notify, slack: { url: "env:PATH" } } });
    assert.match(there[0]!.what, /^slack; try them/);
  });

  it("as a command: words, JSON, and an exit code", async () => {
    const own = testHome(source, join(temporaryFolder(), "home"));
    await own.run(["run", "--as-of", source.asOf]);
    const words = await own.run(["doctor", "--as-of", source.asOf]);
    assert.equal(words.code, 2, "an option it does not have");
    const plain = await own.run(["doctor"], { PIPELINE_AS_OF: source.asOf, PIPELINE_RETRY: "3" });
    assert.deepEqual([plain.code, plain.stderr], [0, ""]);
    assert.match(plain.stdout, /^warning {2}configuration: PIPELINE_RETRY is no known setting.*\n/m);
    assert.match(plain.stdout, /^ok {7}source: dates: both ends/m);
    assert.match(plain.stdout, /\n0 failures, \d warnings\.\n$/);
    const json = JSON.parse((await own.run(["doctor", "--json", "--offline"])).stdout);
    assert.equal(json.failures, 0);
    assert.ok(
      json.checks.every((check: object) => "check" in check && "state" in check && "what" in check && "fix" in check),
    );
    assert.equal(
      json.checks.some(({ check }: { check: string }) => check.startsWith("source")),
      false,
    );
    const quiet = await own.run(["doctor", "-q", "--offline"]);
    assert.doesNotMatch(quiet.stdout, /^ok/m);
  });
});
