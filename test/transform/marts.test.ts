import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DbtResult } from "../../src/pipeline/flow/values.ts";
import { failureTexts } from "../../src/pipeline/report/checks.ts";
import { runDbt, writeDocs } from "../../src/transform/command.ts";
import { projectFolder } from "../../src/transform/project.ts";
import { checkPath } from "../../src/warehouse/duckdb/path.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { copyOfProject, testOptions, testTransform } from "../harness/dbt.ts";
import { changeFile, complaint, query, type Source, testWarehouse } from "../harness/warehouse.ts";

/** The columns that people know, in their order. */
const measures = {
  timely: ["timely_responses", "pct_timely", "disputed_complaints", "pct_disputed", "complaints_with_narrative"],
  days: ["avg_days_to_response", "median_days_to_response"],
  range: ["min_days_to_response", "max_days_to_response"],
  ends: ["first_complaint_date", "last_complaint_date"],
};
const shares = [...measures.timely, "pct_with_narrative"];
const columns: Record<string, string[]> = {
  fct_complaints:
    "complaint_id product sub_product issue sub_issue company state zip_code submitted_via company_response company_public_response tags date_received date_sent_to_company complaint_year complaint_month complaint_month_date days_to_response is_timely_response is_disputed has_narrative consumer_consent_provided complaint_what_happened is_settled brand current_product current_issue".split(
      " ",
    ),
  dim_companies: [
    "company",
    "total_complaints",
    ...measures.timely,
    ...measures.days,
    ...measures.range,
    ...measures.ends,
  ],
  dim_products: [
    ...["product", "sub_product", "level", "total_complaints", "unique_companies", "unique_states", ...shares],
    ...[...measures.days, ...measures.ends, "most_common_issue", "most_complained_company"],
  ],
  dim_issues: [
    ...["issue", "sub_issue", "level", "total_complaints", "unique_companies", "unique_products", "unique_states"],
    ...[...shares, ...measures.days, ...measures.ends, "most_common_product", "most_complained_company"],
  ],
  dim_states: [
    ...["state", "total_complaints", "unique_companies", "unique_products", "unique_issues", "unique_zip_codes"],
    ...[...shares, ...measures.days, ...measures.range, ...measures.ends, "most_common_product", "most_common_issue"],
    ...["most_complained_company", "most_common_submission_method"],
  ],
  dim_response_types: [
    ...["company_response", "total_complaints", "unique_companies", "unique_products", "unique_states", ...shares],
    ...[...measures.days, ...measures.range, ...measures.ends],
    ...["most_common_product", "most_common_issue", "most_complained_company"],
  ],
  agg_complaints_by_month: [
    ...["complaint_month_date", "year", "month", "total_complaints"],
    ...["unique_companies", "unique_products", "unique_states", ...shares, ...measures.days],
  ],
};

const rows: Source[] = [
  complaint("1", {
    date_received: "2026-01-31T23:59:59.999Z",
    date_sent_to_company: "2026-02-01T00:00:01.000Z",
    product: "Loan",
    sub_product: "Car",
    issue: "b",
    sub_issue: "x",
    company: "Bank",
    zip_code: "12345",
    complaint_what_happened: "text",
    consumer_disputed: "Yes",
  }),
  complaint("2", {
    date_received: "2026-02-01T00:00:00.000Z",
    date_sent_to_company: "2026-02-05T00:00:00.000Z",
    product: "Loan",
    sub_product: "Boat",
    issue: "B",
    company: "Bank",
    timely: "No",
    has_narrative: false,
    consumer_disputed: "N/A",
  }),
  complaint("3", {
    date_received: "2026-02-02T00:00:00.000Z",
    date_sent_to_company: "2026-02-01T00:00:00.000Z",
    product: "Loan",
    sub_product: null,
    issue: null,
    company: "Credit Union",
    zip_code: "XXXXX",
    timely: null,
    company_response: null,
    state: null,
  }),
  complaint("4", {
    date_received: "2026-02-03T00:00:00.000Z",
    date_sent_to_company: null,
    product: null,
    sub_product: null,
    issue: "b",
    company: "Bank",
    timely: "Yes",
    submitted_via: "Phone",
  }),
  complaint("5", { product: "Withdrawn", company: "Bank" }),
];

describe("the marts", () => {
  let database: string;
  let result: DbtResult;
  const rowsOf = (sql: string) => query(database, sql);

  before(async () => {
    const { path, warehouse, load } = testWarehouse();
    const names = { names: ["Bank", "Credit Union"] };
    await load(rows, names);
    await load(rows.slice(0, 4), names);
    await warehouse.close();
    database = path;
    result = await testTransform(database).build(testContext());
  });

  it("are built and tested", () => {
    assert.deepEqual([result.state, result.models, result.failures, result.warnings], ["Completed", 16, 0, 0]);
    assert.ok(result.tests >= 40, `${result.tests} tests`);
  });

  it("have the columns that people know", async () => {
    for (const [mart, expected] of Object.entries(columns)) {
      const found = await rowsOf(
        `select column_name from duckdb_columns() where schema_name = 'marts' and table_name = '${mart}' order by column_index`,
      );
      assert.deepEqual(found.flat(), expected, mart);
    }
  });

  it("tell of each complaint in UTC days, and null what the source does not say", async () => {
    assert.deepEqual(
      await rowsOf(
        `select complaint_id, date_received, complaint_month_date, days_to_response, is_timely_response, is_disputed, has_narrative
         from marts.fct_complaints order by 1`,
      ),
      [
        ["1", "2026-01-31", "2026-01-01", "1", "true", "true", "true"],
        ["2", "2026-02-01", "2026-02-01", "4", "false", null, "false"],
        ["3", "2026-02-02", "2026-02-01", null, null, null, null],
        ["4", "2026-02-03", "2026-02-01", null, "true", null, null],
      ],
    );
  });

  it("count companies, with percentages over the rows that say", async () => {
    assert.deepEqual(await rowsOf("select * from marts.dim_companies order by 1"), [
      ["Bank", "3", "2", "66.67", "1", "100", "1", "2.5", "2.5", "1", "4", "2026-01-31", "2026-02-03"],
      ["Credit Union", "1", "0", null, "0", null, "0", null, null, null, null, "2026-02-02", "2026-02-02"],
    ]);
  });

  it("tell the whole product from its parts, a null part included", async () => {
    assert.deepEqual(
      await rowsOf(
        `select product, sub_product, level, total_complaints, unique_companies, unique_states, pct_with_narrative,
           median_days_to_response, most_common_issue, most_complained_company
         from marts.dim_products order by product, level, sub_product nulls last`,
      ),
      [
        ["Loan", null, "product", "3", "2", "1", "50", "2.5", "B", "Bank"],
        ["Loan", "Boat", "sub_product", "1", "1", "1", "0", "4", "B", "Bank"],
        ["Loan", "Car", "sub_product", "1", "1", "1", "100", "1", "b", "Bank"],
        ["Loan", null, "sub_product", "1", "1", "0", null, null, null, "Credit Union"],
      ],
    );
  });

  it("break ties by the first name in byte order, and count no masked ZIP code", async () => {
    assert.deepEqual(
      await rowsOf(
        `select state, total_complaints, unique_zip_codes, unique_products, most_common_product, most_common_issue, most_common_submission_method
         from marts.dim_states`,
      ),
      [["FL", "3", "1", "1", "Loan", "b", "Web"]],
    );
    assert.deepEqual(
      await rowsOf(
        "select issue, sub_issue, level, total_complaints, unique_products, most_common_product from marts.dim_issues order by issue, level, sub_issue nulls last",
      ),
      [
        ["B", null, "issue", "1", "1", "Loan"],
        ["B", null, "sub_issue", "1", "1", "Loan"],
        ["b", null, "issue", "2", "1", "Loan"],
        ["b", "x", "sub_issue", "1", "1", "Loan"],
        ["b", null, "sub_issue", "1", "0", null],
      ],
    );
  });

  it("have no row for a response that is null, and one for each month", async () => {
    assert.deepEqual(
      await rowsOf("select company_response, total_complaints, unique_companies from marts.dim_response_types"),
      [["In progress", "3", "1"]],
    );
    assert.deepEqual(
      await rowsOf(
        "select complaint_month_date, year, month, total_complaints, unique_companies, avg_days_to_response from marts.agg_complaints_by_month order by 1",
      ),
      [
        ["2026-01-01", "2026", "1", "1", "1", "1"],
        ["2026-02-01", "2026", "2", "3", "2", "4"],
      ],
    );
  });

  it("build on an empty warehouse, and on one with a single complaint", async () => {
    const { path, warehouse, load } = testWarehouse();
    await load([]);
    await warehouse.close();
    const empty = await testTransform(path).build(testContext());
    assert.deepEqual([empty.state, empty.models, empty.failures, empty.warnings], ["Completed", 16, 0, 0]);
    for (const mart of Object.keys(columns)) {
      assert.deepEqual(await query(path, `select count(*) from marts.${mart}`), [["0"]], mart);
    }
    await load([complaint("1", { company: "Bank" })], { names: ["Bank"] });
    await warehouse.close();
    const single = await testTransform(path).build(testContext());
    assert.deepEqual([single.state, single.failures, single.warnings], ["Completed", 0, 0]);
    assert.deepEqual(await query(path, "select company, total_complaints, pct_timely from marts.dim_companies"), [
      ["Bank", "1", "100"],
    ]);
  });

  it("warn of a value that the source never had, and go on", async () => {
    const { path, warehouse, load } = testWarehouse();
    await load([complaint("1", { submitted_via: "Carrier pigeon" })]);
    await warehouse.close();
    const { state, warnings, nodes } = await testTransform(path).build(testContext());
    assert.deepEqual([state, warnings], ["Completed", 1]);
    assert.deepEqual(nodes.flatMap(failureTexts), [
      "check accepted_values_submitted_via of fct_complaints: warn, 1 row, such as 1",
    ]);
  });

  it("pass the unit tests of every metric", async () => {
    const lines: string[] = [];
    const output = {
      color: false,
      progress: () => undefined,
      onLine: (_: string, line: string) => void lines.push(line),
    };
    const code = await runDbt(testOptions(database), ["test", "--select", "test_type:unit"], output);
    assert.equal(code, 0, lines.join("\n"));
    assert.match(lines.join("\n"), /Done\. PASS=16 WARN=0 ERROR=0 SKIP=0/);
  });

  it("are documented in one page that asks no other host", async () => {
    const output = { color: false, progress: () => undefined, onLine: () => undefined };
    const page = readFileSync(
      await writeDocs(testOptions(database), join(temporaryFolder(), "docs.html"), output),
      "utf8",
    );
    assert.match(page, /agg_publication_lag/);
    assert.match(page, /Content-Security-Policy/);
    assert.doesNotMatch(page, /cloudfront/);
  });

  it("describe every column of every model, seed and source", () => {
    const described = readFileSync(join(projectFolder, "models/marts/columns.md"), "utf8");
    for (const file of globSync("**/*.yml", { cwd: projectFolder })) {
      const text = readFileSync(join(projectFolder, file), "utf8");
      const names = text.match(/^ {6,}- name: .*\n(?! +(data_type: .*\n +)?description: )/gm) ?? [];
      assert.deepEqual(names, [], `${file}: without a description`);
      for (const [, doc] of text.matchAll(/doc\('(\w+)'\)/g)) assert.ok(described.includes(`{% docs ${doc} %}`), doc);
    }
  });

  it("can be read in the file, under its own name and under the name of another schema", async () => {
    const copies = ["renamed", "pipeline", "marts", "intermediate", "main"].map((name) => {
      const copy = join(temporaryFolder(), `${name}.duckdb`);
      copyFileSync(database, copy);
      return copy;
    });
    for (const file of [database, ...copies]) {
      const instance = await DuckDBInstance.create(file, { access_mode: "READ_ONLY" });
      const connection = await instance.connect();
      const views = await connection.runAndReadAll(
        "select schema_name, view_name, database_name from duckdb_views() where not internal order by 2",
      );
      assert.deepEqual(
        views.getRows().map(([, name]) => name),
        ["int_cfpb__complaint_metrics", "stg_cfpb__complaint_changes", "stg_cfpb__complaints", "stg_cfpb__publication"],
      );
      for (const [schema, name, catalog] of views.getRows()) {
        const rows = await connection.runAndReadAll(`select count(*) from "${catalog}"."${schema}"."${name}"`);
        assert.ok(Number(rows.value(0, 0)) >= 0, `${file}: ${name}`);
      }
      connection.closeSync();
      instance.closeSync();
    }
  });

  it("read no schema whose name a file may not have", async () => {
    const views = await query(database, "select sql from duckdb_views() where not internal");
    const read = new Set(
      views.flatMap(([sql]) => [...sql!.matchAll(/(?:FROM|JOIN) \(*(\w+)\./g)].map(([, name]) => name!)),
    );
    for (const schema of read) {
      assert.throws(() => checkPath(`/a/${schema}.duckdb`), { code: "warehouse_unusable" }, schema);
    }
    assert.ok(read.has("raw") && read.has("staging"), [...read].join());
  });

  it("fail with the test that fails", async () => {
    const copy = join(temporaryFolder(), "copy.duckdb");
    copyFileSync(database, copy);
    await changeFile(
      copy,
      "insert into raw.cfpb_complaints select * from raw.cfpb_complaints where complaint_id = '1'",
    );
    const { state, failed, nodes } = await testTransform(copy).build(testContext());
    assert.equal(state, "Failed");
    assert.deepEqual(failed.flatMap(failureTexts), [
      "check unique_complaint_id of raw.cfpb_complaints: fail, 1 row, such as 1",
    ]);
    // What depends on it is left as it is.
    assert.equal(nodes.find(({ name }) => name === "fct_complaints")?.status, "skipped");
  });

  it("fail with the model that fails", async () => {
    const projectDir = copyOfProject();
    appendFileSync(join(projectDir, "models/marts/dim_states.sql"), "having no_such_column > 0");
    const copy = join(temporaryFolder(), "copy.duckdb");
    copyFileSync(database, copy);
    const transform = testTransform(copy, { projectDir });
    assert.notEqual(transform.project(), testTransform(copy).project());
    const { state, failed } = await transform.build(testContext());
    assert.equal(state, "Failed");
    const model = failed.find(({ kind }) => kind === "model");
    assert.deepEqual([model?.name, model?.status], ["dim_states", "error"]);
    assert.match(model?.message ?? "", /no_such_column/);
  });

  it("say that dbt crashed when it does, with what it said", async () => {
    const projectDir = copyOfProject();
    writeFileSync(join(projectDir, "dbt_project.yml"), "name: [not a project");
    await assert.rejects(testTransform(database, { projectDir }).build(testContext()), {
      code: "dbt_crashed",
      message: /exit code 2\): .*did not find expected/,
    });
    rmSync(projectDir, { recursive: true });
  });
});
