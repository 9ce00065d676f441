import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ScheduleStore } from "../../src/schedule/store.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("pipeline server", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
  });
  after(() => source.close());

  it("starts what is due, tells what it does, and leaves its run alone when it is stopped", async () => {
    const home = testHome(source);
    const store = ScheduleStore.open(ScheduleStore.fileOf(home.folder));
    const dueAt = Date.now() - 10_000;
    const asOf = ["--as-of", source.asOf];
    store.add({
      ...{ name: "nightly", cron: "0 2 * * *", timezone: "UTC", catchUp: "latest", overlap: "skip", jitterSeconds: 0 },
      ...{ lateAfterMinutes: 60, runOptions: asOf, paused: false, createdAt: dueAt, nextDueAt: dueAt },
    });
    // The run waits at the source until the server is gone.
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let answer = () => {};
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    source.intercept = async () => {
      asked();
      await mayAnswer;
      return undefined;
    };

    const started = await home.run(["server", "start", "--background", "--port", "0", "--json"]);
    assert.deepEqual([started.code, started.stderr], [0, ""]);
    const { url, log } = JSON.parse(started.stdout);
    await isAsked;
    const second = await home.run(["server", "start", "--port", "0"]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /A server of this home is up already: http:\/\/127\.0\.0\.1:\d+, process \d+\./);
    const status = await home.run(["server", "status"]);
    assert.match(status.stdout, /^http:\/\/127\.0\.0\.1:\d+ is up: process \d+, since .*, log .*server\.log\n$/);
    const [slot] = store.slotsOf("nightly", 1);
    const [run] = (await (await fetch(`${url}/api/v1/runs`)).json()) as {
      id: string;
      trigger: string;
      state: string;
    }[];
    // It holds the warehouse, though the source has not answered yet.
    assert.deepEqual([run?.id, run?.state], [slot?.runId, "Running"]);
    assert.deepEqual([slot?.state, slot?.dueAt], ["started", dueAt]);

    const stopped = await home.run(["server", "stop"]);
    assert.equal(stopped.stdout, "Stopped. Runs that it started go on.\n");
    assert.equal(existsSync(join(home.folder, "server.json")), false);
    assert.equal((await home.run(["server", "status"])).code, 1);
    answer();
    source.intercept = undefined;
    let listed = "";
    for (let i = 0; i < 100 && !/Completed$/m.test(listed); i++) {
      await setTimeout(100);
      listed = (await home.run(["schedule", "ls"])).stdout;
    }
    const { state, trigger } = JSON.parse((await home.run(["runs", "inspect", slot!.runId!, "--json"])).stdout);
    assert.deepEqual([state, trigger], ["Completed", "schedule"]);
    const said = readFileSync(log, "utf8");
    assert.match(said, /nightly: started run [0-9a-f]{8}\n.*stopped; runs that it started go on\n/s);
    assert.equal(store.slotsOf("nightly", 5).length, 1);
    store.close();
  });

  it("says why it did not start in the background, and stops nothing where none is up", async () => {
    const home = testHome(source);
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port: used } = taken.address() as AddressInfo;
    const refused = await home.run(["server", "start", "--background", "--port", String(used)]);
    taken.close();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`The server did not start\\. It said:\\n.*Port ${used} is in use`, "s"));
    assert.equal((await home.run(["server", "stop"])).stdout, "No server of this home is up.\n");
    for (const port of ["abc", "70000", "-1"]) {
      assert.match((await home.run(["server", "start", "--port", port])).stderr, /--port is ".*": expected a number/);
    }
    // What a killed server left behind counts for nothing.
    const lease = { host: "elsewhere", pid: 1, processStarted: null, boot: null };
    writeFileSync(join(home.folder, "server.json"), JSON.stringify({ url: "http://127.0.0.1:1", lease }));
    assert.equal((await home.run(["server", "status"])).code, 1);
  });

  it("is one of a home, however many are started at once, and stop ends that one", async () => {
    const home = testHome(source);
    const outcomes = await Promise.all(
      ["--background", "--background", "--background"].map((how) =>
        home.run(["server", "start", how, "--port", "0", "--json"]),
      ),
    );
    assert.deepEqual(outcomes.map(({ code }) => code).sort(), [0, 2, 2]);
    for (const { code, stderr } of outcomes) {
      if (code === 2)
        assert.match(stderr, /A server of this home is up already: (http:\/\/127\.0\.0\.1:\d+, )?process \d+\./);
    }
    const { url } = JSON.parse(outcomes.find(({ code }) => code === 0)!.stdout) as { url: string };
    assert.ok((await fetch(`${url}/healthz`)).ok);
    assert.match((await home.run(["server", "stop"])).stdout, /^Stopped\./);
    assert.match((await home.run(["server", "status"])).stdout, /No server of this home is up/);
    await assert.rejects(fetch(`${url}/healthz`));
  });

  it("says that its log cannot be written", async () => {
    const home = testHome(source);
    mkdirSync(join(home.folder, "server.log"), { recursive: true });
    const { code, stderr } = await home.run(["server", "start", "--background", "--port", "0"]);
    assert.equal(code, 1);
    assert.match(stderr, /error\[server_failed\]: The log of the server, .*server\.log, cannot be written: EISDIR/);
  });

  it("stays up when a run cannot be started, and says why", async () => {
    const home = testHome(source);
    mkdirSync(join(home.folder, "scheduled-runs.log"), { recursive: true });
    const store = ScheduleStore.open(ScheduleStore.fileOf(home.folder));
    const dueAt = Date.now() - 10_000;
    store.add({
      ...{ name: "nightly", cron: "0 2 * * *", timezone: "UTC", catchUp: "latest", overlap: "skip", jitterSeconds: 0 },
      ...{ lateAfterMinutes: 60, runOptions: [], paused: false, createdAt: dueAt, nextDueAt: dueAt },
    });
    const { child, said, outcome } = home.start(["server", "start", "--port", "0"]);
    await said(/nightly: run \w+ was not started: The log of the runs, .*EISDIR/);
    while (store.slotsOf("nightly", 1)[0]?.state !== "ended") await setTimeout(20);
    store.close();
    child.kill("SIGTERM");
    assert.equal((await outcome).code, 0);
  });

  it("goes on with the schedules that a restore has put in place", async () => {
    const home = testHome(source);
    assert.equal((await home.run(["run", "--as-of", source.asOf])).code, 0);
    const add = (name: string) => home.run(["schedule", "add", name, "--cron", "0 2 * * *", "--timezone", "UTC"]);
    await add("nightly");
    const to = join(temporaryFolder(), "backup");
    assert.equal((await home.run(["backup", "--to", to])).code, 0);
    await home.run(["schedule", "rm", "nightly"]);
    await add("weekly");
    const started = await home.run(["server", "start", "--background", "--port", "0", "--json"]);
    const { url } = JSON.parse(started.stdout) as { url: string };
    const names = async () =>
      ((await (await fetch(`${url}/api/v1/schedules`)).json()) as { name: string }[]).map(({ name }) => name);
    try {
      assert.deepEqual(await names(), ["weekly"]);
      assert.equal((await home.run(["restore", to, "--force"])).code, 0);
      assert.deepEqual(await names(), ["nightly"]);
      assert.match((await home.run(["schedule", "ls"])).stdout, /nightly/);
    } finally {
      await home.run(["server", "stop"]);
    }
  });
});
