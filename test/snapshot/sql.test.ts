import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Snapshot } from "../../src/snapshot/current.ts";
import { type Column, SqlSession, type Value } from "../../src/snapshot/sql.ts";
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
    ["from main.sqlite_master", /table sqlite_master/],
  ];
  for (const [sql, why] of refusals) {
    it(`does not run: ${sql || "nothing"}`, async () => {
      await assert.rejects(ask(session, sql), { code: "sql_refused", what: why });
    });
  }

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
      what: /"nope" not found[\s\S]*LINE 1/,
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
