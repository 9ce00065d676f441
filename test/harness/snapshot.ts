import { join } from "node:path";
import type { Snapshot } from "../../src/snapshot/current.ts";
import { currentSnapshot } from "../../src/snapshot/current.ts";
import { Database } from "../../src/warehouse/duckdb/database.ts";
import { publishMarts } from "../../src/warehouse/publish.ts";
import { temporaryFolder, testContext } from "./context.ts";

/** A home whose published snapshot has two small tables, made without dbt. */
export async function testSnapshot(home = temporaryFolder()): Promise<Snapshot & { home: string }> {
  const path = join(home, "made.duckdb");
  const folder = join(home, "published");
  const database = await Database.open({ path, memoryLimit: "512MB", threads: 2, relations: [] });
  try {
    await database.connection(async (connection) => {
      await connection.run(`
        create schema marts;
        create table marts.fct_complaints as
          select i::varchar as complaint_id, date '2026-01-01' + (i % 300)::int as date_received,
            case when i % 2 = 0 then 'ACME, "INC."' end as company
          from range(5000) r(i);
        create table marts.dim_companies as select 'ACME, "INC."' as company, 2500::bigint as total_complaints, 66.67 as pct_timely;
        insert into pipeline.transforms values ('run', 1, 'project', now(), ['fct_complaints', 'dim_companies'])`);
      await publishMarts(connection, { folder, database: path, runId: "0123456789" }, testContext());
    });
  } finally {
    database.close();
  }
  return { ...(await currentSnapshot(folder)), home };
}
