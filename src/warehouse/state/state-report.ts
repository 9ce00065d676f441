import type { DuckDBConnection } from "@duckdb/node-api";
import type { PendingBuild } from "../../pipeline/flow/values.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import type { NameRows, StoredCompany } from "../../pipeline/window/window.ts";
import { readPendingBuild, readRemembered } from "./state.ts";

type LastLoad = { at: string; window: { from: string; to: string }; expected: number; rejected: number };

export type StateReport = {
  companies: (StoredCompany & { lastLoad: LastLoad | null })[];
  /** Companies that were loaded and have no watermark: it was reset, or the models were not built since. */
  loaded: { company: string; names: string[]; lastLoad: LastLoad }[];
  untracked: NameRows[];
  dbt: PendingBuild;
};

/** Of a warehouse that is empty. */
export const nothingLoaded: StateReport = {
  companies: [],
  loaded: [],
  untracked: [],
  dbt: { isPending: true, reason: "there is no warehouse yet" },
};

/** What a warehouse remembers, with the last load of each company. */
export async function readStateReport(connection: DuckDBConnection, project: string): Promise<StateReport> {
  const loads = await connection.runAndReadAll(
    // A window whose parts were not reconciled yet is shown as far as it came.
    `with last as (from pipeline.loads qualify row_number() over (partition by company order by load_no desc) = 1)
     select last.company, last.loaded_at::varchar, min(l.window_from)::varchar, max(l.window_to)::varchar, sum(l.expected)::double,
       sum(l.rejected)::double, to_json(last.names)
     from last join pipeline.loads l on l.company = last.company and l.run_id = last.run_id
       and (l.load_no = last.load_no or (last.scope <> last.company and l.scope <> l.company))
     group by all order by last.company`,
  );
  const lastLoads = new Map<string, LastLoad>();
  const namesOf = new Map<string, string[]>();
  for (const [company, at, from, to, expected, rejected, names] of loads.getRows()) {
    namesOf.set(String(company), JSON.parse(String(names)) as string[]);
    const window = { from: String(from), to: String(to) };
    lastLoads.set(String(company), { at: String(at), window, expected: Number(expected), rejected: Number(rejected) });
  }
  const { companies, untracked } = await readRemembered(connection);
  return {
    companies: companies.map((state) => ({ ...state, lastLoad: lastLoads.get(state.company) ?? null })),
    loaded: [...lastLoads]
      .filter(([company]) => !companies.some((state) => state.company === company))
      .map(([company, lastLoad]) => ({ company, names: namesOf.get(company) ?? [], lastLoad }))
      .sort((a, b) => (a.company < b.company ? -1 : 1)),
    untracked,
    dbt: await readPendingBuild(connection, project),
  };
}

/** Forgets the state of these companies, of all where none is named; returns the forgotten ones. */
export async function forgetStates(connection: DuckDBConnection, companies: readonly string[]): Promise<string[]> {
  const only = companies.length === 0 ? "" : `where company in (${companies.map(sqlLiteral).join(", ")})`;
  await connection.run("begin");
  const forgotten = await connection.runAndReadAll(`delete from pipeline.state ${only} returning company`);
  await connection.run(`delete from pipeline.loaded_days ${only}`);
  await connection.run(`delete from pipeline.resets ${only}`);
  await connection.run(
    `insert into pipeline.resets select company, max(load_no) from pipeline.loads ${only} group by company`,
  );
  await connection.run("commit");
  return forgotten
    .getRows()
    .map(([company]) => String(company))
    .sort();
}
