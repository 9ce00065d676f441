import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { runDbt } from "../../src/transform/command.ts";
import { projectFolder } from "../../src/transform/project.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { testOptions, testTransform } from "../harness/dbt.ts";
import { changeFile, complaint, query, testWarehouse } from "../harness/warehouse.ts";

const relations = `select schema_name || '.' || table_name, 'table' from duckdb_tables() where schema_name in ('marts', 'staging', 'intermediate', 'seeds')
  union all select schema_name || '.' || view_name, 'view' from duckdb_views() where not internal order by 1`;

describe("a model", () => {
  let built: string;
  before(async () => {
    const { path, warehouse, load } = testWarehouse();
    await load([complaint("1"), complaint("2", { state: "CA" })]);
    await warehouse.close();
    built = path;
    assert.equal((await testTransform(path).build(testContext())).state, "Completed");
  });
  const copyOf = (path: string) => {
    const copy = join(temporaryFolder(), "copy.duckdb");
    copyFileSync(path, copy);
    return copy;
  };
  it("is built in place: nothing of another name is left", async () => {
    const names = (await query(built, relations)).map(([name]) => name!);
    assert.ok(names.includes("marts.fct_complaints") && names.includes("staging.stg_cfpb__complaints"));
    assert.deepEqual(
      names.filter((name) => /__dbt_|_backup|_tmp/.test(name)),
      [],
    );
  });

  it("becomes a table or a view again where something has made the other one of it", async () => {
    const copy = copyOf(built);
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

  it("whose columns are not those of its contract fails, says which, and leaves the table as it was", async () => {
    const projectDir = join(temporaryFolder(), "dbt");
    cpSync(projectFolder, projectDir, { recursive: true });
    const model = join(projectDir, "models/marts/dim_response_types.sql");
    writeFileSync(
      model,
      readFileSync(model, "utf8").replace("company_response,", "company_response || '' as another_name,"),
    );
    const copy = copyOf(built);
    const before = await query(copy, "from marts.dim_response_types order by all");
    const { state, failed } = await testTransform(copy, { projectDir }).build(testContext());
    assert.equal(state, "Failed");
    const { name, message } = failed.find(({ kind }) => kind === "model")!;
    assert.equal(name, "dim_response_types");
    assert.match(message ?? "", /contract[\s\S]*another_name[\s\S]*missing in (contract|definition)/i);
    assert.deepEqual(await query(copy, "from marts.dim_response_types order by all"), before);
  });

  it("that fails while it is filled leaves the table as it was", async () => {
    const projectDir = join(temporaryFolder(), "dbt");
    cpSync(projectFolder, projectDir, { recursive: true });
    appendFileSync(join(projectDir, "models/marts/dim_states.sql"), "\nhaving error('in the middle') is not null");
    const copy = copyOf(built);
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
    const projectDir = join(temporaryFolder(), "dbt");
    cpSync(projectFolder, projectDir, { recursive: true });
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
