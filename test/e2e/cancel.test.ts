import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { RunDetail } from "../../src/web/contract.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { allAreGone, canListProcesses, processesOf } from "../harness/processes.ts";
import { jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";

const run = ["run", "--start-date", "2026-09-01", "--as-of", "2026-11-20"];
const needsProc = { skip: !canListProcesses && "processes cannot be listed here" };

describe("a run that is cancelled", () => {
  let source: TestSource;
  let home: TestHome;
  before(async () => {
    source = await startTestSource();
  });
  beforeEach(() => {
    source.intercept = undefined;
    home = testHome(source);
  });
  after(() => source.close());

  /** Starts a run whose second company's page never comes; resolves when it waits for it. */
  async function startHanging() {
    const waiting = new Promise<void>((resolve) => {
      source.intercept = (url) => {
        if (!url.searchParams.getAll("company").some((name) => name.startsWith("BANK"))) return undefined;
        resolve();
        return { kind: "hang" };
      };
    });
    const started = home.start(run);
    await waiting;
    await started.said(/jpmorgan: \d+ of \d+: complete/);
    return started;
  }

  it("by Ctrl-C during extraction ends with 130 and leaves no file", async () => {
    const { child, outcome } = await startHanging();
    child.kill("SIGINT");
    const { code, stderr } = await outcome;
    assert.equal(code, 130);
    assert.match(stderr, /error\[cancelled\]: The run was cancelled by SIGINT\.\ndata: What was begun was rolled back/);
    assert.deepEqual(readdirSync(join(home.folder, "landing")), []);
    assert.deepEqual(await home.watermarks(), []);
    source.intercept = undefined;
    assert.equal((await home.run(run)).code, 0);
  });

  it("by Ctrl-C with the sample source leaves no child behind", needsProc, async () => {
    const { child, said, outcome } = home.start(["run", "--source", "sample", "-v"]);
    await said(/GET .*search_after/);
    assert.ok(processesOf(home.folder).length > 1);
    child.kill("SIGINT");
    assert.equal((await outcome).code, 130);
    await allAreGone(home.folder);
  });

  it("counts a signal that comes twice at once as one", async () => {
    const { child, outcome } = await startHanging();
    child.kill("SIGINT");
    child.kill("SIGINT");
    const { code, stderr } = await outcome;
    assert.deepEqual([code, stderr.match(/error\[cancelled\]/g)?.length], [130, 1]);
  });

  it("by SIGTERM ends with 143, by SIGHUP too", async () => {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      const { child, outcome } = await startHanging();
      child.kill(signal);
      assert.equal((await outcome).code, 143, signal);
    }
  });

  it("says so in the document", async () => {
    const waiting = new Promise<void>((resolve) => {
      source.intercept = () => {
        resolve();
        return { kind: "hang" };
      };
    });
    const { child, outcome } = home.start([...run, "--json"]);
    await waiting;
    child.kill("SIGINT");
    const { state, error } = JSON.parse((await outcome).stdout) as { state: string; error: { code: string } };
    assert.deepEqual([state, error.code], ["Cancelled", "cancelled"]);
  });

  it("during dbt leaves no child behind", needsProc, async () => {
    const { child, said, outcome } = home.start([...run, "-v"], { FAKE_DBT: "hang" });
    await said(/dbt: model fct_complaints: success/);
    assert.ok(processesOf(home.folder).length > 1);
    child.kill("SIGINT");
    assert.equal((await outcome).code, 130);
    await allAreGone(home.folder);
    assert.deepEqual(await home.watermarks(), []);
    assert.equal((await home.report(run)).dbt?.state, "Completed");
  });

  it("during the real dbt leaves a whole warehouse and no child behind", needsProc, async () => {
    const { child, said, outcome } = home.start([...run, "-v"], { PIPELINE_DBT: "" });
    await said(/dbt: model fct_complaints: success/);
    child.kill("SIGINT");
    assert.equal((await outcome).code, 130);
    await allAreGone(home.folder);
    assert.deepEqual(await home.watermarks(), []);
  });

  it("by the time limit of dbt leaves no child behind", needsProc, async () => {
    const report = await home.report(run, { FAKE_DBT: "hang", PIPELINE_DBT_TIMEOUT_SECONDS: "1" });
    assert.deepEqual([report.code, report.error?.code, report.dbt?.state], [1, "timed_out", "TimedOut"]);
    await allAreGone(home.folder);
  });

  it("by the time limit of the run says so", async () => {
    source.intercept = () => ({ kind: "hang" });
    const report = await home.report(run, { PIPELINE_RUN_TIMEOUT_SECONDS: "1" });
    assert.deepEqual([report.code, report.state, report.error?.code], [1, "TimedOut", "timed_out"]);
  });

  it("by the time limit of the run says what was loaded before", async () => {
    source.intercept = (url) => (url.searchParams.getAll("company").includes(jpmorgan) ? { kind: "hang" } : undefined);
    const report = await home.report(run, { PIPELINE_RUN_TIMEOUT_SECONDS: "2" });
    assert.deepEqual([report.code, report.state, report.error?.code], [1, "TimedOut", "timed_out"]);
    assert.deepEqual(
      report.companies.map(({ company, state, inserted }) => [company, state, inserted > 0]),
      [
        ["jpmorgan", "TimedOut", false],
        ["bank of america", "Completed", true],
      ],
    );
    const { tasks } = JSON.parse((await home.run(["runs", "inspect", "--json"])).stdout) as RunDetail;
    assert.deepEqual(
      tasks.filter(({ state }) => state === "Skipped").map(({ step }) => step),
      ["commit_state", "publish"],
    );
  });

  it("has its output cut off goes on to its end", async () => {
    const { child, outcome } = home.start(run);
    child.stdout?.destroy();
    child.stderr?.destroy();
    assert.equal((await outcome).code, 0);
    assert.equal((await home.watermarks()).length, 2);
  });
});

describe("a command that reads and is ended by a signal", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  for (const [argv, subject] of [
    [["plan"], "The plan"],
    [["companies", "search", "acme"], "The search"],
    [["doctor"], "The check"],
  ] as const) {
    for (const [signal, code] of [
      ["SIGTERM", 143],
      ["SIGINT", 130],
    ] as const) {
      it(`${argv[0]}, by ${signal}: says so in its own words, and exits with ${code}`, async () => {
        const home = testHome(source);
        const asked = new Promise<void>((resolve) => {
          source.intercept = () => {
            resolve();
            return { kind: "hang" };
          };
        });
        const { child, outcome } = home.start(argv, { PIPELINE_DBT: "true" });
        await asked;
        child.kill(signal);
        const { code: ended, stderr } = await outcome;
        assert.equal(ended, code);
        assert.ok(
          stderr.endsWith(
            `error[cancelled]: ${subject} was cancelled by ${signal}.\ndata: Nothing was changed.\nnext: Start it again.\n`,
          ),
          stderr,
        );
      });
    }
  }
});
