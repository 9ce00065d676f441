import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { runDbt } from "../../src/transform/command.ts";
import { testContext } from "../harness/context.ts";
import { builtWarehouse, copyOfProject, testOptions, testTransform } from "../harness/dbt.ts";
import { changeFile, complaint, copyOfFile, query, testWarehouse } from "../harness/warehouse.ts";

describe("a model", () => {
  let built: string;
  before(async () => {
    built = await builtWarehouse();
  });

  it("that is a view has no contract", async () => {
    const projectDir = copyOfProject();
    writeFileSync(join(projectDir, "models/staging/one.sql"), "select 1 as a");
    writeFileSync(
      join(projectDir, "models/staging/one.yml"),
      "models: [{name: one, config: {contract: {enforced: true}}, columns: [{name: a, data_type: integer}]}]\n",
    );
    const { failed } = await testTransform(copyOfFile(built), { projectDir }).build(testContext());
    assert.deepEqual(
      failed.map(({ name }) => name),
      ["one"],
    );
    assert.match(failed[0]!.message ?? "", /The contract of a view is not enforced/);
  });

  it("has its columns in the order of its contract, and its hooks run", async () => {
    const projectDir = copyOfProject();
    const model = join(projectDir, "models/marts/dim_dates.sql");
    const hook = "{{ config(post_hook=\"comment on table {{ this }} is 'made'\") }}";
    writeFileSync(
      model,
      `${hook} select year, * exclude (year) from (${readFileSync(model, "utf8").replace(/^--.*/, "")})`,
    );
    const copy = copyOfFile(built);
    const before = await query(copy, "describe marts.dim_dates");
    assert.equal((await testTransform(copy, { projectDir }).build(testContext())).state, "Completed");
    assert.deepEqual(await query(copy, "describe marts.dim_dates"), before);
    assert.deepEqual(await query(copy, "select comment from duckdb_tables() where table_name = 'dim_dates'"), [
      ["made"],
    ]);
  });

  it("that fails while it is filled leaves the table as it was", async () => {
    const projectDir = copyOfProject();
    appendFileSync(join(projectDir, "models/marts/dim_states.sql"), "\nhaving error('in the middle') is not null");
    const copy = copyOfFile(built);
    const before = await query(copy, "from marts.dim_states order by all");
    const { failed } = await testTransform(copy, { projectDir }).build(testContext());
    assert.deepEqual(failed.map(({ name }) => name).includes("dim_states"), true);
    assert.deepEqual(await query(copy, "from marts.dim_states order by all"), before);
  });
});

describe("a seed", () => {
  const mark = "select comment from duckdb_tables() where table_name = 'company_aliases'";
  const rows = "from seeds.company_aliases order by all";

  it("is loaded when its file changed, or its table is gone or another one, and left alone else", async () => {
    const { path, warehouse, load } = testWarehouse();
    await load([complaint("1")]);
    await warehouse.close();
    const projectDir = copyOfProject();
    const build = async () => {
      const { state, nodes } = await testTransform(path, { projectDir }).build(testContext());
      assert.equal(state, "Completed");
      return nodes
        .filter(({ kind, message }) => kind === "seed" && message !== "UNCHANGED")
        .map(({ name }) => name)
        .sort();
    };
    const all = ["company_aliases", "issue_renames", "product_renames", "state_population"];
    assert.deepEqual(await build(), all);
    const first = [await query(path, mark), await query(path, rows)];
    assert.deepEqual(await build(), []);
    appendFileSync(join(projectDir, "seeds/company_aliases.csv"), "Acme,ACME BANK\n");
    assert.deepEqual(await build(), ["company_aliases"]);
    assert.equal((await query(path, rows)).length, first[1]!.length + 1);
    assert.notDeepEqual(await query(path, mark), first[0]);
    await changeFile(path, "drop view intermediate.int_cfpb__complaint_metrics; drop table seeds.company_aliases");
    await changeFile(path, "drop table seeds.issue_renames; create view seeds.issue_renames as select 1 as nothing");
    assert.deepEqual(await build(), ["company_aliases", "issue_renames"]);
    assert.equal((await query(path, "from seeds.issue_renames limit 1")).length, 1);
    await changeFile(path, "update seeds.state_population set population = 1 where state = 'CA'");
    assert.deepEqual(await build(), ["state_population"]);
    await changeFile(path, "alter table seeds.state_population alter census_year type bigint");
    await changeFile(path, "drop view intermediate.int_cfpb__complaint_metrics");
    await changeFile(path, "alter table seeds.company_aliases rename brand to brnd");
    assert.deepEqual(await build(), ["company_aliases", "state_population"]);
    // Of a file as large as this one dbt knows only its path.
    const long = (from: number) =>
      Array.from({ length: 600 }, (_, i) => `${"x".repeat(2000)},COMPANY ${from + i}\n`).join("");
    appendFileSync(join(projectDir, "seeds/company_aliases.csv"), long(0));
    assert.deepEqual(await build(), ["company_aliases"]);
    appendFileSync(join(projectDir, "seeds/company_aliases.csv"), long(600));
    assert.deepEqual(await build(), ["company_aliases"]);
    assert.equal((await query(path, "from seeds.company_aliases where company = 'COMPANY 1199'")).length, 1);
    const lines: string[] = [];
    const options = { ...testOptions(path), projectDir };
    const output = {
      color: false,
      progress: () => undefined,
      onLine: (_: string, line: string) => void lines.push(line),
    };
    assert.equal(await runDbt(options, ["seed", "--full-refresh"], output), 0);
    assert.equal(lines.filter((line) => /OK loaded seed file .*CREATE \d+/.test(line)).length, 4, lines.join("\n"));
  });
});
