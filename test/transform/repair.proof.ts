import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, globSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { inspectDbt } from "../../src/transform/inspect.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { cacheDir, testOptions, testTransform } from "../harness/dbt.ts";
import { complaint, testWarehouse } from "../harness/warehouse.ts";

/** What upgrades, cleaners and full disks do to an environment that was made well. */
const damages: [what: string, damage: (folder: string) => void][] = [
  [
    "whose Python cannot start",
    (folder) => {
      const python = join(folder, "bin", "python");
      rmSync(python);
      writeFileSync(python, "#!/bin/sh\necho 'Library not loaded' >&2\nexit 127\n");
      chmodSync(python, 0o755);
    },
  ],
  [
    "that has lost files which are no modules",
    (folder) => {
      const [macros] = globSync(join(folder, "lib/python3.*/site-packages/dbt/include/duckdb/macros"));
      rmSync(macros!, { recursive: true });
    },
  ],
];

describe("dbt's environment", () => {
  let path = "";
  before(async () => {
    // The one of the tests is made where it is not there yet.
    const warehouse = testWarehouse();
    await warehouse.load([complaint("1")]);
    await warehouse.warehouse.close();
    path = warehouse.path;
    assert.equal((await testTransform(path).build(testContext())).state, "Completed");
  });

  for (const [what, damage] of damages) {
    it(`${what} is made anew once, and the doctor says so before`, { timeout: 300_000 }, async () => {
      const own = temporaryFolder();
      execFileSync("cp", ["-r", ...globSync(join(cacheDir, "dbt-env-*")), own]);
      for (const name of readdirSync(own)) damage(join(own, name));
      const facts = await inspectDbt({ ...testOptions(path), cacheDir: own });
      assert.notEqual(facts.damage, null);
      const built = await testTransform(path, { cacheDir: own }).build(testContext());
      assert.deepEqual([built.state, built.failed], ["Completed", []]);
      assert.equal((await inspectDbt({ ...testOptions(path), cacheDir: own })).damage, null);
    });
  }

  it("is ended by the time limit of the models, also while it is made", { timeout: 60_000 }, async () => {
    const own = temporaryFolder();
    const limited = AbortSignal.timeout(1500);
    await assert.rejects(testTransform(path, { cacheDir: own }).build(testContext(limited)));
    assert.deepEqual(readdirSync(own), []);
  });
});
