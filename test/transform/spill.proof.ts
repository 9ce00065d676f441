import assert from "node:assert/strict";
import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { testTransform } from "../harness/dbt.ts";
import { largeWarehouse } from "../harness/warehouse.ts";

describe("a build with so little memory that it spills", () => {
  it("runs every model and every check after the first spill", { timeout: 300_000 }, async (t) => {
    const path = await largeWarehouse(70_000);
    const targetDir = join(temporaryFolder(), "target");
    mkdirSync(join(targetDir, "spill"), { recursive: true });
    const happened: string[] = [];
    const watcher = watch(join(targetDir, "spill"), () => void happened.push("spilled"));
    t.after(() => watcher.close());
    const built = await testTransform(path, { targetDir, memoryLimit: "96MB" }).build({
      ...testContext(),
      report: (event) => {
        if (event.type === "dbt.node") happened.push(event.node.name);
      },
    });
    assert.deepEqual([built.state, built.failures, built.warnings], ["Completed", 0, 0]);
    const first = happened.indexOf("spilled");
    assert.ok(first >= 0, "it spilled");
    const later = new Set(happened.slice(first));
    // Views hold no rows.
    const marts = built.marts.flatMap((name) => [name, `checks_${name}`]);
    assert.ok(marts.length >= 24);
    assert.deepEqual(
      marts.filter((name) => !later.has(name)),
      [],
    );
  });
});
