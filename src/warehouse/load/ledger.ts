import type { DuckDBConnection } from "@duckdb/node-api";
import type { Evidence, LoadResult } from "../../pipeline/flow/values.ts";
import { areSameNames } from "../../pipeline/names/name-list.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Days } from "./scope-sql.ts";

/** Which load it is: a scope lands once in a run. */
export type LoadIdentity = Days & {
  loadId: string;
  runId: string;
  company: string;
  /** The id of the scope. */
  scope: string;
  /** Whose complaints they are: the identity of the source. */
  source: string;
  /** A load of a file that may not have every complaint of its days. */
  isImport?: boolean;
};

/** What a load came to, in numbers of rows. */
export type LoadNumbers = Pick<LoadResult, "inserted" | "updated" | "deleted" | "unchanged" | "rejected" | "held"> & {
  live: number;
  /** Live rows of the names in the whole window that the run reads, before the load. */
  liveBefore: number;
  unidentified: number;
};

/** Writes a load into the ledger; returns its number. */
export async function writeLedger(
  connection: DuckDBConnection,
  { loadId, runId, company, scope, names, window, source, isImport = false }: LoadIdentity,
  { expected, lastIndexed, askedOn }: Evidence & { expected: number },
  numbers: LoadNumbers,
): Promise<number> {
  const values = {
    load_id: sqlLiteral(loadId),
    run_id: sqlLiteral(runId),
    company: sqlLiteral(company),
    scope: sqlLiteral(scope),
    names: `[${names.map(sqlLiteral).join(", ")}]::varchar[]`,
    window_from: sqlLiteral(window.from),
    window_to: sqlLiteral(window.to),
    last_indexed: lastIndexed === null ? "null" : sqlLiteral(lastIndexed),
    expected,
    inserted: numbers.inserted,
    updated: numbers.updated,
    deleted: numbers.deleted,
    unchanged: numbers.unchanged,
    rejected: numbers.rejected,
    live: numbers.live,
    loaded_at: "now()",
    asked_on: sqlLiteral(askedOn),
    source: sqlLiteral(source),
    live_before: numbers.liveBefore,
    unidentified: numbers.unidentified,
    held: numbers.held,
  };
  await connection.run(`
    insert into pipeline.loads (load_no, ${Object.keys(values).join(", ")})
    select coalesce(max(load_no), 0) + 1, ${Object.values(values).join(", ")} from pipeline.loads`);
  if (isImport) await connection.run(`insert into pipeline.imports values (${values.load_id})`);
  const number = await connection.runAndReadAll("select max(load_no) from pipeline.loads");
  return Number(number.value(0, 0));
}

/**
 * What the ledger says of a load of this run and scope, whichever start made it: one that comes later, or wakes up late, lands nothing. Null
 * where there is none. Throws where that load was of other names, days or another source: then it is not this one.
 */
export async function readLoad(
  connection: DuckDBConnection,
  { runId, company, scope, names, window, source }: LoadIdentity,
): Promise<Omit<LoadResult, "fields"> | null> {
  const result = await connection.runAndReadAll(`
    select load_id, to_json(names), window_from::varchar, window_to::varchar, source,
      load_no, expected, inserted, updated, deleted, unchanged, rejected, coalesce(held, 0)
    from pipeline.loads
    where run_id = ${sqlLiteral(runId)} and company = ${sqlLiteral(company)} and scope = ${sqlLiteral(scope)}
    order by load_no desc limit 1`);
  const [row] = result.getRows();
  if (row === undefined) return null;
  const [loadId, ofNames, from, to, ofSource, ...numbers] = row;
  const isSame =
    areSameNames(JSON.parse(String(ofNames)) as string[], names) &&
    from === window.from &&
    to === window.to &&
    ofSource === source;
  if (!isSame) throw loadedOtherwise(runId, scope);
  const [loadNo, expected, inserted, updated, deleted, unchanged, rejected, held] = numbers.map(Number) as Eight;
  return { loadId: String(loadId), loadNo, expected, inserted, updated, deleted, unchanged, rejected, held };
}

type Eight = [number, number, number, number, number, number, number, number];

function loadedOtherwise(runId: string, scope: string): PipelineError {
  return new PipelineError({
    code: "warehouse_failed",
    message: `The ledger already has a load of "${scope}" by the run ${runId}, of other names or days.`,
    data: "Nothing was loaded; what was loaded before stands.",
    next: "Start a run with an id of its own.",
  });
}
