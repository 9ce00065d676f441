import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { startHost, testOptions, testTransform } from "../harness/dbt.ts";
import { changeFile, contentsOf, largeWarehouse } from "../harness/warehouse.ts";

/** Names of nodes during whose work it is killed, and how many milliseconds after their start. */
const moments = [
  "stg_cfpb__publication",
  "company_aliases",
  "fct_complaints",
  "dim_products",
  "agg_company_month",
  "dim_states",
].flatMap((node) => [0, 60].map((ms) => [node, ms] as const));

describe("kill -9 while dbt builds", () => {
  const parsed = join(temporaryFolder(), "dbt-parsed");
  let [old, changed] = ["", ""];
  let [shownBefore, shownAfter] = [new Map<string, string>(), new Map<string, string>()];
  before(async () => {
    const path = await largeWarehouse(10_000);
    assert.equal((await testTransform(path).build(testContext())).state, "Completed");
    old = path;
    shownBefore = await contentsOf(old);
    changed = join(temporaryFolder(), "changed.duckdb");
    copyFileSync(old, changed);
    // Every mart is another one after this.
    await changeFile(
      changed,
      `update raw.cfpb_complaints set _deleted_at = now() where complaint_id like '%7';
       update raw.cfpb_complaints set state = 'NY', timely = 'No', date_sent_to_company = null where complaint_id like '%3'`,
    );
    const built = join(temporaryFolder(), "built.duckdb");
    copyFileSync(changed, built);
    assert.equal((await testTransform(built).build(testContext())).state, "Completed");
    shownAfter = await contentsOf(built);
  });

  for (const [node, ms] of moments) {
    it(`${ms} ms into ${node}: each table is the old or the new one, and the next build heals`, {
      timeout: 120_000,
    }, async () => {
      const path = join(temporaryFolder(), "killed.duckdb");
      copyFileSync(changed, path);
      const options = testOptions(path);
      let kill: NodeJS.Timeout | undefined;
      const child = startHost(options, parsed, (line) => {
        if (kill !== undefined || !line.includes('"LogStartLine"') || !line.includes(`${node} `)) return;
        kill = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), ms);
      });
      child.writeLine("build --exclude-resource-type unit_test exposure");
      await child.exited;
      assert.ok(kill !== undefined, "it came to the node");
      assert.deepEqual([...(await contentsOf(path)).keys()], [...shownBefore.keys()]);
      for (const [name, found] of await contentsOf(path)) {
        assert.ok([shownBefore.get(name), shownAfter.get(name)].includes(found), `${name}: ${found}`);
      }
      assert.equal((await testTransform(path).build(testContext())).state, "Completed");
      assert.deepEqual(await contentsOf(path), shownAfter);
      assert.ok(!existsSync(`${path}.wal`));
    });
  }
});
