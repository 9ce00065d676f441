import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkPermissions } from "../../src/app/doctor/permissions.ts";
import { loadConfig } from "../../src/config/load.ts";
import { permissionsOfOthers } from "../../src/files/private-file.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("the files of a home", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
  });
  after(() => source.close());

  it("are of their owner alone where they tell what is done; warehouse and snapshot are as the umask has it", async () => {
    const umask = process.umask(0o022);
    try {
      const home = testHome(source);
      assert.equal((await home.run(["schedule", "add", "nightly", "--cron", "0 2 * * *"])).code, 0);
      assert.equal((await home.run(["run", "-q"])).code, 0);
      const started = await home.run(["server", "start", "--background", "--port", "0"]);
      assert.equal(started.code, 0, started.stderr);
      try {
        const files = readdirSync(home.folder);
        for (const name of ["history.sqlite", "history.sqlite-wal", "schedule.sqlite", "server.json", "server.log"]) {
          assert.ok(files.includes(name), `${name} of ${files}`);
          assert.equal(statSync(join(home.folder, name)).mode & 0o777, 0o600, name);
        }
      } finally {
        assert.equal((await home.run(["server", "stop"])).code, 0);
      }
      assert.equal(statSync(home.database).mode & 0o777, 0o644);
      const backup = join(temporaryFolder(), "backup");
      assert.equal((await home.run(["backup", "--to", backup])).code, 0);
      const restored = testHome(source);
      assert.equal((await home.run(["restore", backup, "--home", restored.folder])).code, 0);
      for (const name of ["history.sqlite", "schedule.sqlite"]) {
        assert.equal(statSync(join(restored.folder, name)).mode & 0o777, 0o600, `restored ${name}`);
      }
    } finally {
      process.umask(umask);
    }
  });

  it("are looked at by doctor: who may write them, and who may read a secret", () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const [token, yaml, history] = ["token", "pipeline.yaml", "history.sqlite"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [token, history]) writeFileSync(path, "a secret of some length", { mode: 0o600 });
    writeFileSync(yaml, `notify: {slack: {url: "file:${token}"}}\n`);
    const found = () => {
      const { config } = loadConfig({ home: folder }, yaml, "2026-11-20");
      return checkPermissions(config).map(({ state, what, fix }) => `${state}: ${what}: ${fix}`);
    };
    assert.deepEqual(found(), ["ok: only their owner may change the files of the home: null"]);
    chmodSync(token, 0o644);
    chmodSync(history, 0o660);
    assert.deepEqual(found(), [
      `warning: its group may write ${history}: chmod g-w ${history}`,
      `warning: ${token} is readable by other users: chmod 600 ${token}`,
    ]);
    chmodSync(folder, 0o777);
    chmodSync(token, 0o640);
    assert.deepEqual(found().slice(0, 1), [`failure: everybody may write ${folder}: chmod go-w ${folder}`]);
    assert.equal(permissionsOfOthers(token)?.read, true);
    assert.equal(permissionsOfOthers(join(folder, "none")), null);
  });
});
