import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { sendPendingNotices } from "../../src/app/notices.ts";
import { wireNotify } from "../../src/app/wiring/notify.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testHome } from "../harness/home.ts";
import { runInProcess } from "../harness/in-process.ts";
import { startReceiver } from "../harness/receiver.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const on = ["failed", "crashed", "late", "recovered", "firstSuccess"] as const;

describe("notifications", () => {
  let source: TestSource;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    receiver = await startReceiver();
  });
  after(async () => {
    await source.close();
    await receiver.close();
  });
  afterEach(() => {
    source.intercept = undefined;
    receiver.status = 200;
    receiver.received.length = 0;
  });

  const notify = () => ({ on: [...on], webhook: { url: `${receiver.url}/hook` }, deadMan: `${receiver.url}/dead` });
  const night = (home: string, events: RunEvent[] = []) =>
    runInProcess({
      ...{ home, source, trigger: "schedule", emit: (event: RunEvent) => void events.push(event) },
      config: { notify: notify(), retries: 0 },
    });
  /** The kinds and pings that arrived since the last look. */
  const arrived = () =>
    receiver.received
      .splice(0)
      .map(({ path, body }) => (path === "/hook" ? (JSON.parse(body) as { kind: string }).kind : path))
      .sort();

  it("one message an incident: first success, failed, another error, recovered", async () => {
    const home = join(temporaryFolder(), "home");
    assert.equal((await night(home)).state, "Completed");
    assert.deepEqual(arrived(), ["/dead", "/dead/start", "firstSuccess"]);
    await night(home);
    assert.deepEqual(arrived(), ["/dead", "/dead/start"]);
    source.intercept = () => ({ kind: "answer", status: 503 });
    const failing = await night(home);
    assert.equal(failing.state, "Failed");
    const message = JSON.parse(receiver.received.find(({ path }) => path === "/hook")!.body);
    assert.deepEqual(
      [message.kind, message.run.id, message.run.errorCode],
      ["failed", failing.runId, failing.error!.code],
    );
    assert.deepEqual([message.what, message.data], [failing.error!.message, failing.error!.data]);
    assert.match(message.next, /pipeline runs inspect [0-9a-f]{8}/);
    assert.deepEqual(arrived(), ["/dead/fail", "/dead/start", "failed"]);
    await night(home);
    assert.deepEqual(arrived(), ["/dead/fail", "/dead/start"]);
    source.intercept = undefined;
    await night(home);
    assert.deepEqual(arrived(), ["/dead", "/dead/start", "recovered"]);
  });

  it("a receiver that fails changes no result; it shows, and the next run tells it", async () => {
    const home = join(temporaryFolder(), "home");
    receiver.status = 500;
    const events: RunEvent[] = [];
    const report = await night(home, events);
    assert.deepEqual([report.state, report.error], ["Completed", null]);
    const failed = events.filter((event) => event.type === "notify.failed");
    assert.deepEqual(failed.map(({ channel, attempts, again }) => [channel, attempts, again]).sort(), [
      ["deadMan", 3, false],
      ["deadMan", 3, false],
      ["webhook", 3, true],
    ]);
    const own = testHome(source, home);
    const inspected = await own.run(["runs", "inspect", report.runId]);
    assert.match(inspected.stdout, /^notify +Failed/m);
    assert.match(
      inspected.stdout,
      /^firstSuccess {2}webhook {2}not yet {2}3 +127\.0\.0\.1:\d+ answered 500: not today$/m,
    );
    receiver.status = 200;
    receiver.received.length = 0;
    const { config } = loadConfig({ home, source: source.url }, undefined, "2099-01-01");
    const told: string[] = [];
    const look = () =>
      sendPendingNotices(
        wireNotify({ ...config, notify: notify() }),
        [],
        (kind) => told.push(kind),
        new AbortController().signal,
      );
    await look();
    assert.deepEqual(told, [], "not before its time");
    await own.query("select 1");
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(join(home, "history.sqlite"));
    database.exec("update deliveries set next_at = 0");
    database.close();
    await look();
    assert.deepEqual([told, arrived()], [["firstSuccess"], ["firstSuccess"]]);
    assert.match((await own.run(["runs", "inspect", report.runId])).stdout, /^firstSuccess {2}webhook {2}sent {3}4/m);
  });

  it("tells of a crash at the next run, and of a late schedule", async () => {
    const folder = temporaryFolder();
    const home = testHome(source, join(folder, "home"));
    const file = join(folder, "pipeline.yaml");
    writeFileSync(file, JSON.stringify({ notify: { webhook: { url: "env:HOOK" } } }));
    const env = { HOOK: `${receiver.url}/hook` };
    const argv = ["run", "--as-of", source.asOf, "--config", file];
    assert.equal((await home.run(argv, env)).code, 0);
    assert.deepEqual(arrived(), ["firstSuccess"]);
    await home.die("load.staged");
    assert.equal((await home.run(argv, env)).code, 0);
    assert.deepEqual(arrived(), ["crashed", "recovered"]);
    const { config } = loadConfig({ home: home.folder, source: source.url }, undefined, "2099-01-01");
    const late = { name: "nightly", dueAt: 0, lateAfterMinutes: 60, state: "missed", runId: null };
    for (let i = 0; i < 2; i++) {
      await sendPendingNotices(
        wireNotify({ ...config, notify: notify() }),
        [late],
        () => undefined,
        new AbortController().signal,
      );
    }
    const message = JSON.parse(receiver.received[0]!.body);
    assert.match(
      message.what,
      /^The run of schedule nightly that was due at 1970-01-01T00:00:00.000Z had not ended 60 min/,
    );
    assert.deepEqual(arrived(), ["late"]);
  });

  it("a failure is told where the history cannot be used, or was never begun", async () => {
    const home = join(temporaryFolder(), "home");
    const events: RunEvent[] = [];
    const refused = await runInProcess({
      ...{ home, source, trigger: "schedule", emit: (event: RunEvent) => void events.push(event) },
      config: { notify: notify(), companies: ["nobody at all"] },
    });
    assert.equal(refused.error?.code, "company_not_found");
    assert.deepEqual(arrived(), ["/dead/fail", "/dead/start", "failed"]);
  });

  it("shows no secret, and takes none in the configuration", async () => {
    const folder = temporaryFolder();
    const home = testHome(source, join(folder, "home"));
    const file = join(folder, "pipeline.yaml");
    const env = { HOOK: "http://127.0.0.1:1/services/aVeryLongKeyIndeed", KEY: "correct horse" };
    writeFileSync(file, JSON.stringify({ notify: { webhook: { url: "env:HOOK", secret: "env:KEY" } } }));
    const outcome = await home.run(["run", "-v", "--as-of", source.asOf, "--config", file], env);
    assert.equal(outcome.code, 0);
    assert.match(
      outcome.stderr,
      /webhook was not told of firstSuccess after 3 attempts: 127\.0\.0\.1:1 was not reached/,
    );
    const history = readFileSync(join(home.folder, "history.sqlite"), "latin1");
    for (const text of [outcome.stderr, outcome.stdout, history]) {
      assert.equal(/aVeryLongKeyIndeed|correct horse/.test(text), false);
    }
    for (const [settings, what] of [
      [
        { slack: { url: "https://hooks.slack.test/x" } },
        /`notify\.slack\.url`.*a secret does not stand in the configuration/,
      ],
      [{ webhook: { url: "https://u:p@a.test/" } }, /`notify\.webhook\.url`.*without a password/],
      [{ email: { host: "h", from: "a", to: ["b"], user: "me" } }, /user and password belong together/],
      [{ on: ["sometimes"] }, /`notify\.on\.0`/],
    ] as const) {
      writeFileSync(file, JSON.stringify({ notify: settings }));
      const { code, stderr } = await home.run(["notify", "test", "--config", file]);
      assert.equal(code, 2);
      assert.match(stderr, what);
      assert.equal(/hooks\.slack\.test\/x|u:p@/.test(stderr), false, stderr);
    }
  });

  it("pipeline notify test sends through every channel and says what became of it", async () => {
    const folder = temporaryFolder();
    const home = testHome(source, join(folder, "home"));
    assert.match((await home.run(["notify", "test"])).stderr, /No channel is configured\./);
    const file = join(folder, "pipeline.yaml");
    const settings = { webhook: { url: "env:HOOK" }, slack: { url: "env:NONE" }, deadMan: "env:DEAD" };
    writeFileSync(file, JSON.stringify({ notify: settings }));
    const env = { HOOK: `${receiver.url}/hook`, DEAD: `${receiver.url}/dead` };
    const outcome = await home.run(["notify", "test", "--config", file], env);
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.stdout,
      /^webhook {2}sent\nslack {4}not sent after 3 attempts: the variable NONE is not set\ndeadMan {2}sent\n$/,
    );
    assert.deepEqual(arrived(), ["/dead", "test"]);
  });
});
