import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints, type Field } from "../../pipeline/dataset/complaints.ts";
import type { Segment } from "../../pipeline/plan/days.ts";
import type { Distribution } from "../../pipeline/steps/ports.ts";
import { dayOfReceipt } from "../load/last-reads.ts";
import { type Days, isLiveIn } from "../load/scope-sql.ts";

/** Live rows of names and days by the values of each of the fields, the most frequent first. */
export async function readDistributions(
  connection: DuckDBConnection,
  days: Days,
  fields: readonly Field[],
): Promise<Distribution[]> {
  const found: Distribution[] = [];
  for (const field of fields) {
    const result = await connection.runAndReadAll(
      `select ${field}::varchar, count(*) from ${complaints.table} where ${isLiveIn(days)} group by 1 order by 2 desc, 1`,
    );
    const values = result.getRows().map(([value, rows]) => ({
      value: value === null ? null : String(value),
      rows: Number(rows),
    }));
    found.push({ field, values });
  }
  return found;
}

/** Live rows of names on each of some days that has any. */
export async function readRowsByDay(connection: DuckDBConnection, days: Days): Promise<Segment[]> {
  const result = await connection.runAndReadAll(
    `select ${dayOfReceipt()}::varchar, count(*) from ${complaints.table} where ${isLiveIn(days)} group by 1 order by 1`,
  );
  return result.getRows().map(([day, rows]) => ({ days: { from: String(day), to: String(day) }, rows: Number(rows) }));
}
