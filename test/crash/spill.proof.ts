import assert from "node:assert/strict";
import { type FSWatcher, mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { temporaryFolder } from "../harness/context.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

/** So little memory that statements over these rows spill to the disk, and enough for a load. */
const settings = {
  PIPELINE_DUCKDB_MEMORY_LIMIT: "140MB",
  PIPELINE_START_DATE: "2024-01-01",
  PIPELINE_LOOK_BACK_DAYS: "400",
  PIPELINE_DBT: "",
};

describe("every statement, with a memory limit that makes it spill", () => {
  let source: TestSource;
  let home: TestHome;
  let watcher: FSWatcher;
  const spilled = new Set<string>();
  before(async () => {
    source = await startTestSource({ until: "2026-11-20", scale: 1, churn: 3 });
    home = testHome(source, join(temporaryFolder(), "home"));
    mkdirSync(home.folder, { recursive: true });
    watcher = watch(home.folder, { recursive: true }, (_, file) => {
      const where = /(spill|\.duckdb\.tmp)\/duckdb_temp/.exec(file ?? "")?.[1];
      if (where !== undefined) spilled.add(where);
    });
  });
  after(async () => {
    watcher.close();
    await source.close();
  });

  const run = async (argv: string[]) => {
    const { code, stderr } = await home.run(argv, settings);
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr.slice(-2000)}`);
  };

  it("loads, builds and publishes, the first time and with changes", { timeout: 300_000 }, async () => {
    for (const asOf of ["2026-11-10", "2026-11-20"]) {
      source.asOf = asOf;
      await run(["run", "--as-of", asOf]);
    }
    // dbt needs more rows for that: test/transform/spill.proof.ts.
    assert.ok(spilled.has(".duckdb.tmp"), `the warehouse must have spilled: ${[...spilled].join()}`);
  });

  it("reads, exports, backs up and examines", { timeout: 300_000 }, async () => {
    await run(["state", "show"]);
    await run(["sql", "select company, count(*) from fct_complaints group by 1"]);
    await run(["export", "--to", join(temporaryFolder(), "out"), "--format", "csv"]);
    await run(["backup", "--to", join(temporaryFolder(), "backup")]);
    await run(["run", "--reset-state", "--as-of", "2026-11-20", "--accept-withdrawals"]);
  });
});
