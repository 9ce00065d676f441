import assert from "node:assert/strict";
import { startScript } from "../../harness/cli.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { testWarehouse } from "../../harness/warehouse.ts";
import { warehouseSuite } from "../suite.ts";

warehouseSuite("in a DuckDB file", {
  make: testWarehouse,
  async elsewhere({ warehouse }, event, way) {
    const argv = ["test/harness/load-and-die.ts", warehouse.place, temporaryFolder(), event ?? "", way ?? ""];
    const { code, signal, stderr } = await startScript(argv).outcome;
    assert.deepEqual([code, signal], event === null ? [0, null] : [null, "SIGKILL"], stderr);
  },
});
