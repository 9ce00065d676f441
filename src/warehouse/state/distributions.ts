import type { DuckDBConnection } from "@duckdb/node-api";
import { complaints, type Field } from "../../pipeline/dataset/complaints.ts";
import type { Distribution } from "../../pipeline/steps/ports.ts";
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
