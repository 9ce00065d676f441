import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { ownDbt, testTransform } from "../harness/dbt.ts";
import { complaint, contentsOf, testWarehouse } from "../harness/warehouse.ts";

it("a dbt of the user's own makes the same tables and views", { timeout: 120_000 }, async () => {
  const { path, warehouse, load } = testWarehouse();
  await load(Array.from({ length: 30 }, (_, i) => complaint(String(i + 1), { state: i % 2 === 0 ? "CA" : "TX" })));
  await warehouse.close();
  const copy = join(temporaryFolder(), "own.duckdb");
  copyFileSync(path, copy);
  const managed = await testTransform(path).build(testContext());
  const own = await testTransform(copy, { dbt: ownDbt() }).build(testContext());
  assert.deepEqual([own.state, own.models, own.tests], [managed.state, managed.models, managed.tests]);
  const contents = await contentsOf(path);
  assert.ok(contents.size >= 20);
  assert.deepEqual(await contentsOf(copy), contents);
});
