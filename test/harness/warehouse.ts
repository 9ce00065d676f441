import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { LoadRequest } from "../../src/pipeline/flow/values.ts";
import type { Scope } from "../../src/pipeline/scope/scope.ts";
import type { LandedFiles } from "../../src/pipeline/steps/ports.ts";
import type { Window } from "../../src/pipeline/window/days.ts";
import type { Report } from "../../src/run/events.ts";
import { readFile } from "../../src/warehouse/duckdb/database.ts";
import { openWarehouse } from "../../src/warehouse/open.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import { temporaryFolder, testContext } from "./context.ts";

/** Rows of a query on a warehouse file that nobody has open, as text. */
export async function query(path: string, sql: string): Promise<(string | null)[][]> {
  return readFile(path, async (connection) => {
    const result = await connection.runAndReadAll(sql);
    return result.getRowsJson().map((row) => row.map((value) => (value === null ? null : String(value))));
  });
}

/** A copy of a warehouse file that nobody has open. */
export function copyOfFile(path: string): string {
  const copy = join(temporaryFolder(), "copy.duckdb");
  copyFileSync(path, copy);
  return copy;
}

/** Changes a warehouse file that nobody has open, as a hand from outside does. */
export async function changeFile(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

const relations = `
  select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'seeds')
  union all select schema_name || '.' || view_name from duckdb_views() where schema_name in ('staging', 'intermediate') order by 1`;

/** What every table and view that dbt makes shows, in numbers, by name. */
export async function contentsOf(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name] of await query(path, relations)) {
    const [row] = await query(path, `select count(*) || ' rows, ' || coalesce(bit_xor(hash(t)), 0) from ${name} t`);
    found.set(name!, row![0]!);
  }
  return found;
}

/** The index that is read, where a test says none. */
const usualIndex = "2026-11-20T12:00:00-05:00";

/** Days that all rows of a test are in, where it says none. */
const year = { from: "2026-01-01", to: "2026-12-31" };

export type Source = Record<string, unknown>;

/** A `_source` as the source sends it today; `undefined` leaves the key out. */
export function complaint(id: string | null, change: Source = {}): Source {
  return {
    product: "Mortgage",
    date_sent_to_company: "2026-05-02T00:00:00.000Z",
    issue: "Trouble during payment process",
    sub_product: "FHA mortgage",
    zip_code: "083XX",
    tags: null,
    complaint_id: id,
    timely: "Yes",
    company_response: "In progress",
    submitted_via: "Web",
    company: "ACME BANK",
    date_received: "2026-05-01T23:59:58.000Z",
    state: "FL",
    company_public_response: null,
    sub_issue: null,
    ...change,
  };
}

/** A warehouse of its own, in whatever it is kept. */
export type MadeWarehouse = {
  warehouse: Warehouse;
  load: ReturnType<typeof loader>;
  /** Rows of a query on it as text, when it is closed. */
  query(sql: string): Promise<(string | null)[][]>;
  /** The same warehouse, as another process opens it. */
  open(report?: Report): Warehouse;
};

/**
 * Loads the complaints "1", of the state TX, and "3" in another process, with the right to write it, as the run `elsewhere`: as one scope, or
 * in two parts that are reconciled then. That process is killed when it reports an event: `type`, or `type:number`; null: it ends by itself.
 */
export type Elsewhere = (made: MadeWarehouse, event: string | null, way?: "parts") => Promise<void>;

/** A warehouse file of its own, and how to load some rows into it. */
export function testWarehouse(): MadeWarehouse & { path: string } {
  const folder = temporaryFolder();
  const path = join(folder, "test.duckdb");
  const options = { memoryLimit: "512MB", threads: 2, relations: [], published: join(folder, "published") };
  const open = (report: Report = () => undefined) => openWarehouse(path, options, report);
  const warehouse = open();
  return { path, warehouse, load: loader(warehouse), query: (sql) => query(path, sql), open };
}

/** Loads rows into a warehouse, each time as a run of its own. */
export function loader(warehouse: Warehouse) {
  const folder = temporaryFolder();
  let landed = 0;
  /** Rows, or the text of one where no object is like it. */
  return (
    rows: (Source | string)[],
    change: Partial<Scope & Omit<LoadRequest, "scope" | "window">> & {
      expected?: number;
      askedOn?: string;
      lastIndexed?: string;
      until?: Promise<void>;
      /** The whole window, where the scope is a part of it. */
      all?: Window;
    } = {},
    context = testContext(),
  ) => {
    const file = join(folder, `page-${++landed}.json`);
    const texts = rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row)));
    writeFileSync(file, `{"hits":{"hits":[${texts.map((text) => `{"_source":${text},"sort":[1,"1"]}`).join()}]}}`);
    const { company = "acme", names = ["ACME BANK"], window = year, id = company, ...others } = change;
    const { expected = rows.length, askedOn = window.to, lastIndexed = usualIndex, until, all, ...rest } = others;
    async function* files(): LandedFiles {
      yield { path: file, format: "search-json", rows: rows.length, bytes: 0, sha256: "" };
      await until;
      return { expected, lastIndexed, askedOn };
    }
    const request: LoadRequest = {
      scope: { id, company, names, window, strategy: "pages" },
      window: all ?? window,
      // A load of its own: the same run, company and start would be the same load.
      runId: `run ${landed}`,
      source: "live",
      withdrawals: "usual",
      ...rest,
    };
    return warehouse.load(request, files(), context);
  };
}

/** The path of a warehouse with 30 complaints and so many copies of each, under 50 more names of the company; nobody has it open. */
export async function largeWarehouse(copies: number): Promise<string> {
  const { path, warehouse, load } = testWarehouse();
  await load(Array.from({ length: 30 }, (_, i) => complaint(String(i + 1), { state: i % 2 === 0 ? "CA" : "TX" })));
  await warehouse.close();
  await changeFile(
    path,
    `insert into raw.cfpb_complaints select c.* replace (complaint_id || '-' || n as complaint_id, company || n % 50 as company)
     from raw.cfpb_complaints c, range(${copies}) r(n)`,
  );
  return path;
}
