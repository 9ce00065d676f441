import { setTimeout } from "node:timers";
import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import type { Integrity } from "../warehouse.ts";

const { table, rejected: rejectedTable, key } = complaints;

/** Reading on keeps a run from opening the file: it waits this long, and a little more. */
const longestMs = 1500;

/** Reads a warehouse from end to end, as far as time allows: DuckDB compares every block with its checksum. */
export async function readIntegrity(connection: DuckDBConnection): Promise<Integrity> {
  const [counts] = (
    await connection.runAndReadAll(
      `select count(*)::double, (count(*) - count(distinct ${key}))::double,
           (select count(*) from ${rejectedTable})::double from ${table}`,
    )
  ).getRows() as [number, number, number][];
  const [rows, doubled, rejected] = counts!;
  const timer = setTimeout(() => connection.interrupt(), longestMs);
  let whole = true;
  try {
    await connection.run(`select bit_xor(hash(c)) from ${table} c`);
  } catch (error) {
    if (!(error instanceof Error && /interrupt/i.test(error.message))) throw error;
    whole = false;
  } finally {
    clearTimeout(timer);
  }
  return { rows, doubled, rejected, whole };
}
