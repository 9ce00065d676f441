import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { ownMigrations } from "../../../src/warehouse/duckdb/migrate.ts";
import { openWarehouse } from "../../../src/warehouse/open.ts";
import { startScript } from "../../harness/cli.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { complaint, loader, query } from "../../harness/warehouse.ts";

/** Rows of an old warehouse, all in one row group of DuckDB's usual size. */
const oldRows = 100_000;
const days = { from: "2024-01-01", to: "2025-12-31" };

/**
 * Makes the file of a version with so many migrations, as it was left after a run: complaints, a load, the state, and, where that version
 * knew them, the ranges of loaded days. Before version 4 no one told DuckDB how large a row group is.
 */
async function oldWarehouse(version: number): Promise<string> {
  const path = join(temporaryFolder(), "old.duckdb");
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (const [i, sql] of ownMigrations().slice(0, version).entries()) {
    await connection.run(sql);
    await connection.run("create table if not exists pipeline.migrations (version integer, applied_at timestamptz)");
    await connection.run(`insert into pipeline.migrations values (${i + 1}, now())`);
  }
  await connection.run(`
    insert into raw.cfpb_complaints (complaint_id, date_received, company, state, _load_id, _loaded_at)
    select (9000000 + i)::varchar, timestamptz '2024-01-01 12:00:00+00' + interval 1 hour * (i % 17000), 'ACME BANK', 'CA', 'l', now()
    from range(${oldRows}) r(i);
    insert into pipeline.loads (load_no, load_id, run_id, company, names, window_from, window_to, expected, inserted, updated, deleted,
      unchanged, rejected, live, loaded_at)
    values (1, 'l', 'r', 'acme', ['ACME BANK'], '${days.from}', '${days.to}', ${oldRows}, ${oldRows}, 0, 0, 0, 0, ${oldRows}, now());
    insert into pipeline.state values ('acme', ['ACME BANK'], '${days.from}', '${days.to}', 'l', 'r', now())`);
  if (version >= 7) await connection.run("update pipeline.loads set scope = company");
  if (version >= 3) {
    await connection.run(`
      insert into pipeline.loaded_days values ('acme', 'ACME BANK', '${days.from}', '2024-06-30'),
        ('acme', 'ACME BANK', '2024-07-02', '${days.to}')`);
  }
  connection.closeSync();
  instance.closeSync();
  return path;
}

const opened = (path: string) =>
  openWarehouse(
    path,
    { memoryLimit: "512MB", threads: 2, relations: [], published: join(temporaryFolder(), "published") },
    () => undefined,
  );

describe("the warehouse of an earlier version", () => {
  for (const version of [1, 2, 3, 4, 5, 6, 7]) {
    it(`with ${version} migrations keeps its states and ranges, and is loaded into`, async () => {
      const path = await oldWarehouse(version);
      const warehouse = opened(path);
      assert.deepEqual(await warehouse.unfinishedLoads(["acme"], "live", 0), [], "no version before knew parts");
      const { companies } = await warehouse.states();
      const ranges =
        version < 3
          ? [days]
          : [
              { from: days.from, to: "2024-06-30" },
              { from: "2024-07-02", to: days.to },
            ];
      assert.deepEqual(companies, [
        {
          ...{ company: "acme", names: ["ACME BANK"], loadedFrom: days.from, loadedThrough: days.to, rows: oldRows },
          loaded: [{ name: "ACME BANK", days: ranges }],
          rowsByName: [{ name: "ACME BANK", rows: oldRows }],
        },
      ]);
      const load = loader(warehouse);
      const rows = Array.from({ length: 40 }, (_, i) => complaint(String(i)));
      assert.equal((await load(rows)).inserted, 40);
      assert.equal((await load(rows.map((row) => ({ ...row, state: "NY" })))).updated, 40);
      const loads = await warehouse.loadsFor(
        { runIds: ["r"], since: "2020-01-01T00:00:00Z", asOf: days.to, acceptsOtherLoads: false },
        "live",
      );
      assert.deepEqual(
        loads.map(({ company, window, result }) => [company, window, result.loadId, result.held]),
        [["acme", days, "l", 0]],
      );
      await warehouse.close();
      assert.deepEqual(await query(path, "select load_no, scope, held from pipeline.loads order by 1"), [
        ["1", "acme", null],
        ["2", "acme", "0"],
        ["3", "acme", "0"],
      ]);
      assert.deepEqual(await query(path, "select count(*) from raw.cfpb_complaints"), [[String(oldRows + 40)]]);
    });
  }

  it("is loaded into also where the process that brought it up to date was killed before it loaded", async () => {
    const path = await oldWarehouse(1);
    const { signal } = await startScript(["test/harness/load-and-die.ts", path, temporaryFolder(), "load.staged"])
      .outcome;
    assert.equal(signal, "SIGKILL");
    const warehouse = opened(path);
    assert.equal((await loader(warehouse)([complaint("1")])).inserted, 1);
    await warehouse.close();
  });
});
