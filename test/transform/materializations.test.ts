import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { testContext } from "../harness/context.ts";
import { builtWarehouse, copyOfProject, testTransform } from "../harness/dbt.ts";
import { changeFile, copyOfFile, query } from "../harness/warehouse.ts";

const relations = `select schema_name || '.' || table_name, 'table' from duckdb_tables() where schema_name in ('marts', 'staging', 'intermediate', 'seeds')
  union all select schema_name || '.' || view_name, 'view' from duckdb_views() where not internal order by 1`;

describe("a model", () => {
  let built: string;
  before(async () => {
    built = await builtWarehouse();
  });

  it("is built in place: nothing of another name is left", async () => {
    const names = (await query(built, relations)).map(([name]) => name!);
    assert.ok(names.includes("marts.fct_complaints") && names.includes("staging.stg_cfpb__complaints"));
    assert.deepEqual(
      names.filter((name) => /__dbt_|_backup|_tmp/.test(name)),
      [],
    );
  });

  it("becomes a table or a view again where something has made the other one of it", async () => {
    const copy = copyOfFile(built);
    const [expected, states] = [
      await query(built, relations),
      await query(built, "from marts.dim_states order by all"),
    ];
    await changeFile(copy, "drop table marts.dim_states; create view marts.dim_states as select 1 as nothing");
    await changeFile(
      copy,
      "drop view staging.stg_cfpb__publication; create table staging.stg_cfpb__publication as select 1 as nothing",
    );
    assert.equal((await testTransform(copy).build(testContext())).state, "Completed");
    assert.deepEqual(await query(copy, relations), expected);
    assert.deepEqual(await query(copy, "from marts.dim_states order by all"), states);
  });

  it("whose contract does not hold, or cannot be made, fails, says why, and leaves the table as it was", async () => {
    const projectDir = copyOfProject();
    const change = (file: string, found: string, written: string) => {
      const text = readFileSync(join(projectDir, "models", file), "utf8");
      assert.ok(text.includes(found), found);
      writeFileSync(join(projectDir, "models", file), text.replace(found, written));
    };
    change("marts/dim_response_types.sql", "company_response,", "company_response || '' as another_name,");
    change("marts/dim_companies.sql", "count(*) as", "cast(count(*) as integer) as");
    const states = readFileSync(join(projectDir, "models/marts/marts.yml"), "utf8").split("- name: dim_states");
    const constrained = states[1]!.replace(
      "data_type: varchar",
      "data_type: varchar\n        constraints: [{type: not_null}]",
    );
    writeFileSync(join(projectDir, "models/marts/marts.yml"), `${states[0]}- name: dim_states${constrained}`);
    const copy = copyOfFile(built);
    const before = await query(copy, "from marts.dim_response_types order by all");
    const { state, failed } = await testTransform(copy, { projectDir }).build(testContext());
    assert.equal(state, "Failed");
    const messageOf = (model: string) => failed.find(({ name }) => name === model)?.message ?? "";
    assert.match(
      messageOf("dim_response_types"),
      /contract[\s\S]*another_name[\s\S]*missing in (contract|definition)/i,
    );
    assert.match(messageOf("dim_companies"), /contract[\s\S]*total_complaints[\s\S]*data type mismatch/i);
    assert.match(messageOf("dim_states"), /Constraints are not made/);
    assert.deepEqual(await query(copy, "from marts.dim_response_types order by all"), before);
  });
});
