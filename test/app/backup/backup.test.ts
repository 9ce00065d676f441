import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ProcessLock } from "../../../src/warehouse/duckdb/lock.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { type TestHome, testHome } from "../../harness/home.ts";
import { backupOf, changedHome, loadedHome, lookOf } from "../../harness/restored.ts";
import { startTestSource, type TestSource } from "../../harness/sample.ts";
import { query } from "../../harness/warehouse.ts";

const rowsOf = (home: TestHome) =>
  home.query("select complaint_id, _load_id, company_response from raw.cfpb_complaints order by 1");

describe("backup and restore", () => {
  let source: TestSource;
  let home: TestHome;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    home = await loadedHome(source);
  });
  after(() => source.close());

  const backUp = () => backupOf(home);

  it("a restored home has every row, run, schedule and watermark, and goes on from there", async () => {
    const { to, document } = await backUp();
    assert.deepEqual([document.folder, document.rows], [to, 124]);
    const other = testHome(source, join(temporaryFolder(), "other"));
    const restored = await other.run(["restore", to]);
    assert.deepEqual([restored.code, restored.stderr], [0, ""]);
    assert.match(restored.stdout, /124 complaints, as they were at .*; every file is right\./);
    assert.deepEqual(await rowsOf(other), await rowsOf(home));
    assert.deepEqual(await other.watermarks(), await home.watermarks());
    for (const argv of [
      ["runs", "ls", "--json"],
      ["schedule", "ls", "--json"],
    ]) {
      assert.equal((await other.run(argv)).stdout, (await home.run(argv)).stdout);
    }
    const next = await other.report(["run", "--as-of", source.asOf]);
    assert.deepEqual([next.state, next.nothingNew], ["Completed", true]);
  });

  it("waits for a run that is under way, or says who it is", async () => {
    const lock = ProcessLock.acquire(home.database, { pid: process.pid, since: "now" });
    const to = join(temporaryFolder(), "later");
    const refused = await home.run(["backup", "--to", to, "--wait", "0"]);
    assert.equal(refused.code, 75);
    assert.match(refused.stderr, /Another run holds the warehouse .* process \d+, since now/);
    const waiting = home.start(["backup", "--to", to]);
    await waiting.said(/Waiting for it\.\n/);
    assert.equal(existsSync(to), false);
    lock.release();
    assert.equal((await waiting.outcome).code, 0);
    assert.ok(existsSync(join(to, "backup.json")));
  });

  it("has all of a run that was under way when it was asked for, never a part", async () => {
    const own = testHome(source, join(temporaryFolder(), "home"));
    await own.run(["run", "--as-of", "2026-10-01"]);
    const before = await rowsOf(own);
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let answer = () => {};
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    source.intercept = async () => {
      asked();
      await mayAnswer;
      return undefined;
    };
    const run = own.start(["run", "--as-of", source.asOf]);
    await isAsked;
    const to = join(temporaryFolder(), "during");
    const backup = own.start(["backup", "--to", to]);
    await backup.said(/Waiting for it\.\n/);
    answer();
    source.intercept = undefined;
    assert.equal((await run.outcome).code, 0);
    assert.equal((await backup.outcome).code, 0);
    const other = testHome(source, join(temporaryFolder(), "other"));
    await other.run(["restore", to]);
    assert.deepEqual(await rowsOf(other), await rowsOf(own));
    assert.notDeepEqual(await rowsOf(other), before);
  });

  it("an interrupted one leaves nothing, a killed one is cleaned up by the next", async () => {
    const lock = ProcessLock.acquire(home.database, { pid: process.pid, since: "now" });
    const parent = temporaryFolder();
    const waiting = home.start(["backup", "--to", join(parent, "x")]);
    await waiting.said(/Waiting for it/);
    waiting.child.kill("SIGTERM");
    const { code } = await waiting.outcome;
    lock.release();
    assert.notEqual(code, 0);
    assert.deepEqual(readdirSync(parent), []);
    mkdirSync(join(parent, ".x.unfinished-999999999"));
    utimesSync(join(parent, ".x.unfinished-999999999"), 0, 0);
    assert.equal((await home.run(["backup", "--to", join(parent, "x"), "-q"])).stdout, "");
    assert.deepEqual(readdirSync(parent), ["x"]);
  });

  it("refuses a backup that is damaged, cut off, none, or would write elsewhere", async () => {
    const cases: [spoil: (folder: string) => void, what: RegExp][] = [
      [
        (folder) => appendFileSync(join(folder, "cfpb_complaints.duckdb"), "x"),
        /cfpb_complaints\.duckdb of the backup is damaged/,
      ],
      [(folder) => rmSync(join(folder, "history.sqlite")), /history\.sqlite of the backup cannot be read/],
      [(folder) => rmSync(join(folder, "backup.json")), /is no backup that this version reads: it has no backup\.json/],
      [(folder) => writeFileSync(join(folder, "backup.json"), "{}"), /is no backup that this version reads/],
      [
        (folder) => {
          const file = join(folder, "backup.json");
          writeFileSync(file, readFileSync(file, "utf8").replace('"history.sqlite"', '"../../history.sqlite"'));
        },
        /it names a file outside its folder/,
      ],
    ];
    for (const [spoil, what] of cases) {
      const { to } = await backUp();
      spoil(to);
      const other = testHome(source, join(temporaryFolder(), "other"));
      const { code, stderr } = await other.run(["restore", to]);
      assert.equal(code, 1);
      assert.match(stderr, what);
      assert.equal(existsSync(other.folder), false, "nothing is made");
    }
  });

  it("writes over nothing: with --force what was there is put aside", async () => {
    const { to } = await backUp();
    const other = testHome(source, join(temporaryFolder(), "other"));
    await other.run(["run", "--as-of", "2026-10-01"]);
    const before = await rowsOf(other);
    const refused = await other.run(["restore", to]);
    assert.match(refused.stderr, /There is something in place already: .*history\.sqlite/);
    assert.deepEqual(await rowsOf(other), before);
    const { kept } = JSON.parse((await other.run(["restore", to, "--force", "--json"])).stdout);
    assert.deepEqual(await rowsOf(other), await rowsOf(home));
    assert.ok(existsSync(join(kept, "cfpb_complaints.duckdb")));
    assert.equal((await other.run(["restore", to, "--database", join(other.folder, "x.duckdb")])).code, 1);
    const full = await home.run(["backup", "--to", to]);
    assert.deepEqual([full.code, /is not empty/.test(full.stderr)], [2, true]);
  });

  const memory = "/dev/shm";
  const isOther = existsSync(memory) && statSync(memory).dev !== statSync(temporaryFolder()).dev;

  it("works where the warehouse lies on another file system than the home", {
    skip: !isOther && "there is one file system",
  }, async () => {
    const fast = mkdtempSync(join(memory, "pipeline-test-"));
    try {
      const { to } = await backUp();
      const database = join(fast, "cfpb_complaints.duckdb");
      const { other, env, look } = await changedHome(source, database);
      const restored = await other.run(["restore", to, "--force", "--json"], env);
      assert.equal(restored.code, 0, restored.stderr);
      assert.equal(await look(), await lookOf(home));
      const { aside } = JSON.parse(restored.stdout) as { aside: string[] };
      const kept = aside.find((path) => path.startsWith(fast));
      assert.match(kept ?? "", /cfpb_complaints\.duckdb\.before-restore-/);
      assert.equal((await query(kept!, "select count(*) > 0 from raw.cfpb_complaints"))[0]?.[0], "true");
    } finally {
      rmSync(fast, { recursive: true, force: true });
    }
  });

  it("that fails midway moves back what was moved, and says so", async () => {
    const { to } = await backUp();
    const { other, look } = await changedHome(source);
    const old = await look();
    const fail = `import fsp from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
      let n = 0; const real = fsp.rename; fsp.rename = async (...a) => { if (++n === 7) throw new Error("EIO: broken"); return real(...a); }; syncBuiltinESMExports();`;
    const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fail)}` };
    const { code, stderr } = await other.run(["restore", to, "--force"], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /error\[restore_failed\]: .*EIO: broken\.\ndata: What was moved is moved back: the home is as it was\./,
    );
    assert.equal(await look(), old);
  });
});
