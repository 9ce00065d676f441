import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "node:test";
import { type TestHome, testHome } from "../harness/home.ts";
import { fakeDbt } from "../harness/in-process.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const run = ["run", "--start-date", "2026-09-01", "--as-of", "2026-11-20"];
const canUnshare = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

describe("a run", () => {
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

  /** Resolves when the source is asked for the names, which it never answers. */
  const hanging = () =>
    new Promise<void>((resolve) => {
      source.intercept = () => {
        resolve();
        return { kind: "hang" };
      };
    });
  const listed = async () => JSON.parse((await home.run(["runs", "ls", "--json"])).stdout) as { state: string }[];

  it("that is the first of a home is seen and can be cancelled before its names are known", async () => {
    const asked = hanging();
    const { outcome } = home.start(run);
    await asked;
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Running"],
    );
    assert.equal((await home.run(["runs", "cancel"])).code, 0);
    assert.equal((await outcome).code, 130);
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Cancelled"],
    );
  });

  it("that is the first of a home and is killed before its names are known is shown as Crashed", async () => {
    const asked = hanging();
    const { child, outcome } = home.start(run);
    await asked;
    child.kill("SIGKILL");
    await outcome;
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Crashed"],
    );
  });

  it("that is refused is no run: it is in no list, and said on a line of its own until one holds the warehouse", async () => {
    const typo = [...run, "--companies", "jp morgan"];
    assert.equal((await home.run(typo)).code, 2);
    assert.ok(!existsSync(home.folder), "the first one leaves nothing");
    assert.equal((await home.run(run)).code, 0);
    assert.equal((await home.run(typo)).code, 2);
    const { stdout } = await home.run(["runs", "ls"]);
    assert.match(stdout, /Not started at 20.*, by cli \[company_not_found\]: No company .* next: Change the name/);
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Completed"],
    );
    const doctor = await home.run(["doctor", "--offline"]);
    assert.match(doctor.stdout, /failure {2}history: a start by cli at .* was refused \(company_not_found\)/);
    assert.equal((await home.run(run)).code, 0);
    assert.doesNotMatch((await home.run(["runs", "ls"])).stdout, /Not started/);
  });

  it("in another container is not taken for crashed, and nobody here is signalled", {
    skip: !canUnshare && "needs unshare",
  }, async () => {
    const asked = hanging();
    const env = {
      ...{ PIPELINE_HOME: home.folder, PIPELINE_SOURCE: source.url, PIPELINE_DBT: fakeDbt, PATH: process.env.PATH! },
    };
    const container = spawn(
      "unshare",
      ["--pid", "--fork", "--mount-proc", "--kill-child", process.execPath, "src/main.ts", ...run],
      { env, stdio: ["ignore", "ignore", "pipe"] },
    );
    const ended = once(container, "close");
    await asked;
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Running"],
    );
    const second = await home.run(run);
    assert.equal(second.code, 75);
    assert.match(second.stderr, /process \d+ on another container on .*, since /);
    assert.doesNotMatch(second.stderr, /kill -INT/);
    assert.equal((await home.run(["runs", "cancel", "--grace", "10"])).code, 0);
    await ended;
    assert.deepEqual(
      (await listed()).map(({ state }) => state),
      ["Cancelled"],
    );
  });
});
