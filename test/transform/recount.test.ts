import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DbtResult } from "../../src/pipeline/flow/values.ts";
import { currentSnapshot } from "../../src/snapshot/current.ts";
import { SqlSession } from "../../src/snapshot/sql.ts";
import { Database } from "../../src/warehouse/duckdb/database.ts";
import { publishMarts } from "../../src/warehouse/publish.ts";
import { clockOn } from "../harness/clock.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { testTransform } from "../harness/dbt.ts";
import { blocksOf } from "../harness/docs.ts";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";
import { complaintsOf, type MartRow, type RawChange, type RawRow, recount, recountLag } from "./recount.ts";

const nights = ["2026-11-06", "2026-11-13", "2026-11-20"];
const settings = { PIPELINE_START_DATE: "2025-06-01", PIPELINE_LOOK_BACK_DAYS: "60" };

describe("the marts after three nights of sample data", () => {
  let source: TestSource;
  let rows: RawRow[];
  let changes: RawChange[];
  let database = "";
  let built: DbtResult;
  let ask: (sql: string) => Promise<Record<string, unknown>[]>;
  const martOf = async (mart: string) => (await ask(`from marts.${mart}`)) as MartRow[];

  before(async () => {
    source = await startTestSource({ until: "2026-11-20", churn: 10 });
    const home = testHome(source);
    database = home.database;
    for (const night of nights) {
      source.asOf = night;
      const report = await home.report(["run", "--as-of", night], { ...settings, ...clockOn(night) });
      assert.equal(report.code, 0, JSON.stringify(report.error));
    }
    built = await testTransform(home.database).build(testContext());
    assert.deepEqual([built.state, built.failures], ["Completed", 0]);
    ask = async (sql) => (await home.query(`select to_json(q) from (${sql}) q`)).map(([json]) => JSON.parse(json!));
    rows = (await ask(`
      select * replace (
        strftime(date_received, '%Y-%m-%dT%H:%M:%S.%gZ') as date_received,
        strftime(date_sent_to_company, '%Y-%m-%dT%H:%M:%S.%gZ') as date_sent_to_company)
      from raw.cfpb_complaints`)) as RawRow[];
    changes = (await ask("from raw.cfpb_complaint_changes")) as RawChange[];
  });
  after(() => source.close());

  it("are those that the project's manifest names", () => {
    const files = globSync("dbt/models/marts/*.sql").map((path) => basename(path, ".sql"));
    assert.equal(files.length, 12);
    assert.deepEqual(built.marts, files.sort());
  });

  it("are made of rows that test something", () => {
    const withdrawn = rows.filter(({ _deleted_at }) => _deleted_at !== null).length;
    const late = rows.filter(({ _first_seen_on }) => _first_seen_on !== null).length;
    assert.ok(withdrawn > 0 && late > 10 && changes.length > 30, `${withdrawn} ${late} ${changes.length}`);
  });

  const sorted = (all: readonly MartRow[], columns: readonly string[]) =>
    all.map((row) => JSON.stringify(columns.map((column) => row[column] ?? null))).sort();

  for (const mart of [
    "dim_companies",
    "dim_products",
    "dim_issues",
    "dim_states",
    "dim_response_types",
    "agg_complaints_by_month",
    "agg_company_month",
    "agg_state_month",
  ]) {
    it(`${mart} equals the rows counted one by one`, async () => {
      const held = await martOf(mart);
      const census = ["population", "census_year", "complaints_per_100k"];
      const columns = Object.keys(held[0]!).filter((column) => !census.includes(column));
      assert.deepEqual(sorted(held, columns), sorted(recount(mart, rows, columns), columns));
    });
  }

  it("agg_state_month divides by the population of the census", async () => {
    const [all] = await ask(`
      select count(*) filter (complaints_per_100k is null) as without,
        count(*) filter (abs(complaints_per_100k * population / 100000 - total_complaints) > 0.005 * population / 100000) as wrong,
        max(population) as largest
      from marts.agg_state_month where length(state) = 2`);
    assert.equal(Number(all!.wrong), 0);
    assert.equal(Number(all!.largest), 39_538_223, "California, 2020");
  });

  it("agg_publication_lag equals the rows counted one by one", async () => {
    const held = await martOf("agg_publication_lag");
    const columns = Object.keys(held[0]!);
    assert.deepEqual(sorted(held, columns), sorted(recountLag(rows, changes), columns));
    assert.ok(held.some(({ median_days_to_settle }) => median_days_to_settle !== null));
    assert.ok(held.some(({ withdrawn_complaints }) => Number(withdrawn_complaints) > 0));
  });

  it("fct_complaints has the complaints that the source shows, each once", async () => {
    const held = await martOf("fct_complaints");
    const facts = held.map((row) =>
      [row.complaint_id, row.date_received, row.days_to_response, row.is_timely_response, row.company_response].join(),
    );
    const counted = complaintsOf(rows).map(({ raw, day, days, timely }) =>
      [raw.complaint_id, day, days, timely, raw.company_response].join(),
    );
    assert.deepEqual(facts.sort(), counted.sort());
  });

  it("fct_complaint_changes has each change of a complaint that is still shown", async () => {
    const live = new Set(complaintsOf(rows).map(({ raw }) => raw.complaint_id));
    const held = await martOf("fct_complaint_changes");
    const facts = held.map((row) => [row.complaint_id, row.field, row.old_value, row.changed_on].join());
    const counted = changes
      .filter(({ complaint_id }) => live.has(complaint_id))
      .map((row) => [row.complaint_id, row.field, row.old_value, row.changed_on].join());
    assert.deepEqual(facts.sort(), counted.sort());
  });

  it("answer the ten questions of the documentation", async () => {
    const folder = join(temporaryFolder(), "published");
    const opened = await Database.open({ path: database, memoryLimit: "512MB", threads: 2, relations: [] });
    const request = { folder, database, runId: "0123456789" };
    await opened.connection(async (connection) => {
      const marts = built.marts.map((mart) => `'${mart}'`).join(", ");
      await connection.run(`insert into pipeline.transforms values ('test', 1, 'project', now(), [${marts}])`);
      await publishMarts(connection, request, testContext());
    });
    opened.close();
    const session = new SqlSession(await currentSnapshot(folder), {
      timeoutMs: 30_000,
      memoryMegabytes: 1000,
      threads: 2,
    });
    const questions = blocksOf("docs/questions.md", "sql");
    assert.equal(questions.length, 10);
    for (const sql of questions) {
      let rows = 0;
      const receiver = {
        columns: () => undefined,
        rows(some: readonly unknown[]) {
          rows += some.length;
        },
      };
      await session.query({ sql, maxRows: null }, receiver, new AbortController().signal);
      assert.ok(rows > 0 || /before >= 100/.test(sql), sql);
    }
    await session.close();
  });

  it("dim_dates has every day of the years of the complaints, as JavaScript's calendar has them", async () => {
    const held = await martOf("dim_dates");
    const years = complaintsOf(rows).map(({ day }) => Number(day.slice(0, 4)));
    const expected: string[] = [];
    const last = Date.UTC(Math.max(...years), 11, 31);
    for (let day = Date.UTC(Math.min(...years), 0, 1); day <= last; day += 86_400_000) {
      const date = new Date(day);
      const name = date.toLocaleDateString("en-US", { weekday: "long", timeZone: "UTC" });
      const weekday = date.getUTCDay() === 0 ? 7 : date.getUTCDay();
      expected.push([date.toISOString().slice(0, 10), name, weekday, weekday > 5].join());
    }
    const days = held.map((row) => [row.date_day, row.day_name, row.day_of_week, row.is_weekend].join());
    assert.deepEqual(days.sort(), expected);
  });
});
