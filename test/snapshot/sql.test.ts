import assert from "node:assert/strict";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Snapshot } from "../../src/snapshot/current.ts";
import { type Column, SqlSession, type Value } from "../../src/snapshot/sql.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testSnapshot } from "../harness/snapshot.ts";

const limits = { timeoutMs: 60_000, memoryMegabytes: 1000, threads: 2 };
const never = new AbortController().signal;

async function ask(session: SqlSession, sql: string, maxRows: number | null = null, signal = never) {
  const got: { columns: Column[]; rows: Value[][] } = { columns: [], rows: [] };
  const { more } = await session.query(
    { sql, maxRows },
    {
      columns: (columns) => void got.columns.push(...columns),
      rows: (rows) => void got.rows.push(...rows),
    },
    signal,
  );
  return { ...got, more };
}

describe("SQL on a snapshot", () => {
  let snapshot: Snapshot;
  let session: SqlSession;
  before(async () => {
    snapshot = await testSnapshot();
    session = new SqlSession(snapshot, limits);
  });
  after(() => session.close());

  it("answers with numbers as numbers and everything else as DuckDB writes it", async () => {
    const { columns, rows } = await ask(
      session,
      `select total_complaints, pct_timely, company, null as nothing, date '2026-01-02' as day, [1::bigint] as list,
         9007199254740993 as large, timestamptz '2026-01-01 00:00:00+01' as at from dim_companies`,
    );
    assert.deepEqual(columns.slice(0, 3), [
      { name: "total_complaints", type: "BIGINT" },
      { name: "pct_timely", type: "DECIMAL(4,2)" },
      { name: "company", type: "VARCHAR" },
    ]);
    assert.deepEqual(rows, [
      [2500, 66.67, 'ACME, "INC."', null, "2026-01-02", [1], "9007199254740993", "2025-12-31 23:00:00+00"],
    ]);
  });

  it("loses no digit and no field: what JavaScript cannot hold is a text, or refused", async () => {
    const { rows } = await ask(
      session,
      `select cast('12345678901234567.89' as decimal(30, 2)), cast('-0.000123' as decimal(9, 6)), cast('123456789012.345' as decimal(15, 3)), cast('1234567.891' as decimal(18, 10)),
         {'a': 1, 'b': [{'c': 2}]}, map {'k': 1}`,
    );
    assert.deepEqual(rows, [
      [
        "12345678901234567.89",
        -0.000123,
        123456789012.345,
        1234567.891,
        { a: 1, b: [{ c: 2 }] },
        [{ key: "k", value: 1 }],
      ],
    ]);
    for (const sql of [
      "row(1, 'x')",
      "(1, 2)",
      "[(1, 2)]",
      "list_zip([1], ['a'])",
      "{'__proto__': 5}",
      "{'x': (1, 2)}",
      "union_value(k := (1, 2))",
    ]) {
      await assert.rejects(
        ask(session, `select ${sql} as r`),
        { code: "sql_failed", message: /the column r is a struct whose/ },
        sql,
      );
    }
  });

  it("says that its snapshot is gone, and ends nothing else", async () => {
    const folder = join(temporaryFolder(), "gone");
    const gone = new SqlSession({ ...snapshot, folder }, limits);
    for (let i = 0; i < 2; i++) await assert.rejects(ask(gone, "select 1"), { code: "nothing_published" });
    await gone.close();
  });

  it("lets a statement's own names win over those of DuckDB's that are elsewhere", async () => {
    assert.deepEqual((await ask(session, "with tables as (select 1 as a) from tables")).rows, [[1]]);
    await assert.rejects(ask(session, "pivot fct_complaints on company using count(*)"), {
      message: /PIVOT that names its values/,
    });
  });

  it("gives as many rows as are wanted and says that there are more", async () => {
    const { rows, more } = await ask(session, "select complaint_id from fct_complaints", 3000);
    assert.deepEqual([rows.length, more], [3000, true]);
    assert.deepEqual((await ask(session, "from range(3)", 3)).more, false);
    assert.equal((await ask(session, "from fct_complaints")).rows.length, 5000);
  });

  it("knows describe, summarize and show tables", async () => {
    assert.deepEqual((await ask(session, "show tables")).rows, [["dim_companies"], ["fct_complaints"]]);
    assert.equal((await ask(session, "describe fct_complaints")).rows.length, 3);
    assert.equal((await ask(session, "summarize fct_complaints")).rows.length, 3);
  });

  const refusals: [sql: string, why: RegExp][] = [
    ["", /it is empty/],
    ["-- nothing", /it is empty/],
    ["select 1; select 2", /2 statements/],
    ["drop view dim_companies", /only SELECT/],
    ["copy dim_companies to '/tmp/stolen.csv'", /only SELECT/],
    ["attach '/tmp/x.duckdb'", /only SELECT/],
    ["set enable_external_access = true", /only SELECT/],
    ["install httpfs", /only SELECT/],
    ["selec 1", /syntax error/],
    ["from read_text('/etc/hosts')", /table function read_text/],
    ["select (select count(*) from glob('/*'))", /table function glob/],
    ["from enable_logging('all')", /table function enable_logging/],
    ["with a as (from parquet_metadata('x')) from a", /table function parquet_metadata/],
    ["from duckdb_databases()", /table function duckdb_databases/],
    ["from duckdb_views", /table duckdb_views/],
    ["from main.sqlite_master", /table main.sqlite_master/],
    ['from "DuckDB_Tables"', /table duckdb_tables/],
    ["from system.main.duckdb_settings", /table system.main.duckdb_settings/],
    ["from pg_catalog.pg_views", /table pg_catalog.pg_views/],
    ["from pg_settings", /table pg_settings/],
    ["from information_schema.views", /table information_schema.views/],
    ["from temp.information_schema.tables", /table temp.information_schema.tables/],
    ["with pg_views as (select 1) from pg_views", /table pg_views/],
    ["with a as (with duckdb_views as (select 1) from duckdb_views) from a, duckdb_views", /table duckdb_views/],
    ["select current_setting('temp_directory')", /function current_setting/],
    ["select system.main.Current_Setting('home_directory')", /function current_setting/],
    ["select 1 order by (select \"current_setting\"('allowed_paths'))", /function current_setting/],
    ["select sum(1) over (partition by getvariable('x'))", /function getvariable/],
    ["select list_transform([1], x -> current_query())", /function current_query/],
    ["select pg_catalog.pg_get_viewdef(1)", /function pg_get_viewdef/],
    ["select pg_sleep(1000)", /function pg_sleep/],
    ["select sleep_ms(1000)", /function sleep_ms/],
    ["select write_log('x')", /function write_log/],
    ["select current_connection_id()", /function current_connection_id/],
    ["from query('select 1')", /table function query/],
    ["from query_table('duckdb_views')", /table function query_table/],
    ["from \"Read_Text\"('/etc/hosts')", /table function read_text/],
    ["from system.main.glob('*')", /table function glob/],
    ["from sniff_csv('/etc/hosts')", /table function sniff_csv/],
    ["show variables", /SHOW|show|variables/],
    ["describe duckdb_columns", /table duckdb_columns/],
    ["summarize pg_catalog.pg_tables", /table pg_catalog.pg_tables/],
  ];
  for (const [sql, why] of refusals) {
    it(`does not run: ${sql || "nothing"}`, async () => {
      await assert.rejects(ask(session, sql), { code: "sql_refused", message: why });
    });
  }

  it("shows no path of the machine in whatever it may be asked", async () => {
    const asked = [
      "show tables",
      "show all tables",
      "from information_schema.tables",
      "from information_schema.columns",
      "describe dim_companies",
      "select version()",
      "from 'dim_companies.parquet'",
      "from 'none.parquet'",
      "select filename from dim_companies",
      "select user, current_catalog",
      "from dim_company",
      "select no_function()",
      "select error(current_user)",
      "from memory.dim_companies",
      "from memory.main.dim_companies",
      "from main.Dim_Companies",
    ];
    for (const sql of asked) {
      const said = await ask(session, sql).then(JSON.stringify, (error: Error) => error.message);
      for (const path of [snapshot.folder, homedir(), tmpdir(), process.cwd(), process.execPath]) {
        assert.ok(!said.includes(path), `${sql}: ${said}`);
      }
    }
  });

  it("has the functions that people ask with", async () => {
    const sql = `with recursive n as (select 1 as i union all select i + 1 from n where i < 3)
      select count(*) filter (where i > 1), sum(i), median(i), string_agg(i, ','), list(i), max(case when i % 2 = 0 then i end),
        date_trunc('month', date '2026-01-05'), strftime(now(), '%Y') > '2000', regexp_extract('abc', 'b'), coalesce(null, 1),
        date_part('year', current_date) > 2000, today() > date '2000-01-01', random() < 1, round(avg(i), 2), greatest(1, 2),
        'a' || 'b', 'abc' ilike 'A%', [x * 2 for x in [1, 2]], struct_pack(a := 1), json_extract('{"a": 1}', '$.a'),
        list_sum([1, 2]), split_part('a-b', '-', 1), nullif(1, 1), quantile_cont(i, 0.5), arg_max(i, i), any_value(i)
      from n`;
    assert.equal((await ask(session, sql)).rows.length, 1);
    const windowed = `select row_number() over w, rank() over w, lag(company) over w, first_value(company) over w, ntile(4) over w
      from dim_companies window w as (order by company)`;
    assert.equal((await ask(session, windowed)).rows.length, 1);
    assert.equal((await ask(session, "from range(3), unnest([1, 2])")).rows.length, 6);
  });

  it("takes wide rows in pieces, and stops at the size that is wanted", async () => {
    const sizes: number[] = [];
    let bytes = 0;
    const wide = { sql: "select repeat('x', 40000) as t from range(2048)", maxRows: null };
    const receiver = {
      columns: () => undefined,
      rows(rows: readonly Value[][]) {
        sizes.push(rows.length);
        bytes += rows.reduce((sum, [text]) => sum + String(text).length, 0);
      },
    };
    assert.deepEqual(await session.query(wide, receiver, never), { more: false, isCut: false });
    assert.equal(bytes, 2048 * 40_000);
    assert.ok(Math.max(...sizes) <= 26, `a line is about a megabyte: ${Math.max(...sizes)} rows`);
    sizes.length = 0;
    assert.deepEqual(await session.query({ ...wide, maxBytes: 1_000_000 }, receiver, never), {
      more: true,
      isCut: true,
    });
    assert.deepEqual(
      sizes.reduce((sum, rows) => sum + rows, 0),
      24,
    );
    const cell = await ask(session, "select repeat('x', 5000000)");
    assert.equal(String(cell.rows[0]?.[0]).length, 5_000_000);
    assert.deepEqual(await session.query({ ...wide, maxBytes: 100 }, receiver, never), { more: true, isCut: true });
  });

  it("counts no time that whoever reads takes", async () => {
    const short = new SqlSession(snapshot, { ...limits, timeoutMs: 2000 });
    try {
      let waited = 0;
      const slow = {
        columns: () => undefined,
        // Longer than the limit in all: the clock stands while a line is taken.
        rows: async () => {
          waited += 1;
          await setTimeout(250);
        },
      };
      const sql = "select repeat('x', 100000) from range(100)";
      assert.deepEqual(await short.query({ sql, maxRows: null }, slow, never), { more: false, isCut: false });
      assert.ok(waited >= 9, `${waited} lines`);
    } finally {
      await short.close();
    }
  });

  it("cannot read files by their names", async () => {
    for (const file of [
      "/etc/hosts.csv",
      "../made.duckdb",
      "https://localhost/x.parquet",
      `${snapshot.folder}/manifest.json`,
    ]) {
      await assert.rejects(ask(session, `from '${file}'`), { code: "sql_failed" }, file);
    }
  });

  it("says where a statement is wrong, and goes on", async () => {
    await assert.rejects(ask(session, "select nope from dim_companies"), {
      code: "sql_failed",
      message: /"nope" not found[\s\S]*LINE 1/,
      next: /describe/,
    });
    assert.deepEqual((await ask(session, "select 1")).rows, [[1]]);
  });

  it("is stopped at its time limit, and can be used again", async () => {
    const short = new SqlSession(snapshot, { ...limits, timeoutMs: 300 });
    try {
      await assert.rejects(ask(short, "select count(*) from range(100000000000)"), { code: "sql_timeout" });
    } finally {
      await short.close();
    }
  });

  it("is stopped at its memory limit, inside one function call too", async () => {
    const small = new SqlSession(snapshot, { ...limits, memoryMegabytes: 300 });
    try {
      await assert.rejects(ask(small, "select len(range(1000000000::bigint))"), { code: "sql_memory" });
      assert.deepEqual((await ask(small, "select 1")).rows, [[1]], "a fresh process answers the next one");
    } finally {
      await small.close();
    }
  });

  it("ends with the signal that stops it", async () => {
    const controller = new AbortController();
    const stopped = new Error("stopped");
    const asking = session.query(
      { sql: "select i from range(100000000000) r(i)", maxRows: null },
      { columns: () => controller.abort(stopped), rows: () => undefined },
      controller.signal,
    );
    await assert.rejects(asking, stopped);
    assert.deepEqual((await ask(session, "select 1")).rows, [[1]]);
  });
});
