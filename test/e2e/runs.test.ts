import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { testHome } from "../harness/home.ts";
import { bankOfAmerica, isPageOf, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";

describe("pipeline runs", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("lists, shows and tells what happened, also of a run that failed", async () => {
    const home = testHome(source);
    const nothing = await home.run(["runs", "inspect"]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /Nothing was run yet in .*\n.*\nnext: Start with: pipeline run/);
    const list = await home.run(["runs", "ls", "--json"]);
    assert.deepEqual([list.code, list.stdout], [0, "[]\n"]);
    assert.match((await home.run(["runs", "ls"])).stdout, /^Nothing was run yet in .*\. Start with: pipeline run\n$/);
    assert.equal((await home.run(["run"], { FAKE_DBT: "test" })).code, 1);
    assert.equal((await home.run(["run"])).code, 0);
    const listed = JSON.parse((await home.run(["flow-run", "ls", "--json"])).stdout) as Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ state, errorCode, trigger }) => [state, errorCode, trigger]),
      [
        ["Completed", null, "cli"],
        ["Failed", "dbt_failed", "cli"],
      ],
    );
    const { stdout: failedOnly } = await home.run(["runs", "ls", "--state", "failed"]);
    assert.match(failedOnly, /^run +name +state .*\n[0-9a-f]{8} +\S+ +Failed .* dbt_failed\n$/);
    const id = String(listed[1]!.id).slice(0, 6);
    const inspected = await home.run(["runs", "inspect", id]);
    assert.match(inspected.stdout, /state +Failed/);
    assert.match(inspected.stdout, /extract_and_load_complaints\[jpmorgan\] +Completed +1 /);
    assert.match(inspected.stdout, /run_dbt_models +Failed +1 .*dbt_failed/);
    assert.match(inspected.stdout, /dbt: test unique_fct_complaints: fail, 3 rows: Got 3 results/);
    const database = new DatabaseSync(join(home.folder, "history.sqlite"));
    const found = { rows: 2, example: "\u001b[31mred\nline", sql: "select id from t where id is null" };
    const checks = [
      { name: "not_null_id", column: "id", status: "fail", found },
      { name: "unique_id", column: "id", status: "pass", found: null },
    ];
    const insert = database.prepare(
      "insert into dbt_nodes select no, ?, ?, ?, ?, 1, null, null, ?, ? from runs where id = ?",
    );
    const fullId = String(listed[1]!.id);
    insert.run("test.x.checks_t", "checks_t", "test", "fail", "t", JSON.stringify(checks), fullId);
    insert.run("model.x.later", "later", "model", "skipped", null, "[]", fullId);
    insert.run(
      "test.x.checks_later",
      "checks_later",
      "test",
      "skipped",
      "later",
      JSON.stringify([{ ...checks[1], status: "skipped" }]),
      fullId,
    );
    database.close();
    const { stdout } = await home.run(["runs", "inspect", id]);
    assert.match(stdout, /dbt: 2 models, 4 checks; slowest: /);
    assert.match(stdout, /\ndbt: check not_null_id of t: fail, 2 rows, such as \\x1b\[31mred\\x0aline\n/);
    assert.match(stdout, /\n {2}rows of not_null_id: .*pipeline dbt .*-- show --limit 100 --inline 'select id from t /);
    assert.match(stdout, /\n {2}skipped: later\n {2}skipped: 1 check\n {2}passed of t: unique_id\n/);
    assert.match(
      inspected.stdout,
      /error\[dbt_failed\]: .*\ndata: The loaded complaints are kept.*\nnext: Fix the model/,
    );
    const logs = await home.run(["runs", "logs", String(listed[1]!.name), "--level", "error"]);
    assert.match(logs.stdout, /error run_dbt_models: Failed \(dbt_failed: /);
    const ofTask = await home.run(["runs", "logs", id, "--task", "jpmorgan", "--level", "debug"]);
    assert.match(ofTask.stdout, /debug jpmorgan: GET .*\n.* debug jpmorgan: 200 after/);
    const typo = await home.run(["runs", "inspect", `${String(listed[1]!.name)}x`]);
    assert.match(typo.stderr, new RegExp(`Did you mean "${String(listed[1]!.name)}"\\?`));
    const stats = JSON.parse((await home.run(["runs", "stats", "--json"])).stdout);
    assert.deepEqual([stats.runs, stats.completed, stats.successRate], [2, 1, 50]);
    assert.equal((await home.run(["runs", "prune", "--keep", "1"])).stdout, "1 run removed.\n");
    for (const [argv, text] of [
      [["ls", "--state", "Complete"], /did you mean Completed\?/],
      [["ls", "--since", "yesterday"], /expected a day or time/],
      [["logs", "--level", "infos"], /did you mean info\?/],
      [["logs", "--task", "jpmorgen"], /no task "jpmorgen"/],
    ] as [string[], RegExp][]) {
      const wrong = await home.run(["runs", ...argv]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, text);
    }
  });

  it("shows a killed run as crashed, and one that is refused as failed", async () => {
    const home = testHome(source);
    const died = await home.die("20");
    assert.equal(died.signal, "SIGKILL");
    const [run] = JSON.parse((await home.run(["runs", "ls", "--json"])).stdout) as Record<string, unknown>[];
    assert.equal(run!.state, "Crashed");
    const { stdout } = await home.run(["runs", "inspect"]);
    assert.match(stdout, /error\[crashed\]: The process of this run .* is gone without an end/);
    const lines = (await home.run(["runs", "logs", "--level", "debug"])).stdout.trim().split("\n");
    assert.ok(lines.length >= 18 && lines.length <= 20, `${lines.length} lines`);
  });

  it("retries only what failed, of the same days", async () => {
    const home = testHome(source);
    const env = { PIPELINE_RETRIES: "0", PIPELINE_START_DATE: "2026-03-01" };
    source.intercept = (url) =>
      isPageOf(url, jpmorgan) ? { kind: "answer", status: 404, headers: {}, body: "" } : undefined;
    const first = await home.report(["run", "--as-of", "2026-11-19"], env);
    assert.equal(first.code, 3);
    source.intercept = undefined;
    source.requests.length = 0;
    const retried = await home.report(["runs", "retry"], { PIPELINE_START_DATE: "2020-01-01" });
    assert.equal(retried.code, 0, JSON.stringify(retried.error));
    assert.ok(!source.requests.some((url) => isPageOf(url, bankOfAmerica)), "what was loaded is not read again");
    assert.deepEqual(
      retried.companies.map(({ company, window, expected }) => [company, window.from, window.to, expected > 0]),
      first.companies.map(({ company, window }) => [company, window.from, window.to, true]),
    );
    assert.deepEqual(
      (await home.watermarks()).map(([, , to]) => to),
      ["2026-11-19", "2026-11-19"],
    );
    const again = await home.run(["runs", "retry"]);
    assert.match(again.stderr, /is complete: nothing is left to do/);

    // dbt alone failed: nothing is read, the marts are built and the watermark moves.
    const other = testHome(source);
    assert.equal((await other.run(["run", "--as-of", "2026-11-20"], { ...env, FAKE_DBT: "model" })).code, 1);
    source.requests.length = 0;
    const built = await other.report(["runs", "retry"]);
    assert.deepEqual([built.code, built.dbt?.state, source.requests.length], [0, "Completed", 1]);
    assert.equal((await other.watermarks()).length, 2);
  });

  it("follows and cancels a run from another terminal", async () => {
    const home = testHome(source);
    const running = home.start(["run"], { FAKE_DBT: "hang" });
    await running.said(/dbt: building/);
    const following = home.start(["runs", "logs", "-f", "--json"]);
    const cancelled = await home.run(["runs", "cancel"]);
    assert.match(cancelled.stdout, /^\S+-\S+ \([0-9a-f]{8}\): Cancelled\n$/);
    const { code, stderr } = await running.outcome;
    assert.equal(code, 130);
    assert.match(stderr, /cancelled by `pipeline runs cancel`/);
    const followed = (await following.outcome).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; state?: string });
    assert.deepEqual(followed.at(-1)!.state, "Cancelled");
    assert.ok(followed.some(({ type }) => type === "run.cancelling"));
    const again = await home.run(["runs", "cancel"]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /is over: Cancelled/);
  });

  it("cancels what does not listen, by force", async () => {
    const home = testHome(source);
    const running = home.start(["run"], { FAKE_DBT: "hang" });
    await running.said(/dbt: building/);
    running.child.kill("SIGSTOP");
    const cancelled = await home.run(["runs", "cancel", "--grace", "0.2"]);
    assert.match(cancelled.stdout, /: Crashed\n$/);
    assert.equal((await running.outcome).signal, "SIGKILL");
  });
});
