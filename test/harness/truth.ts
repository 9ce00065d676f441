import assert from "node:assert/strict";
import { wordFields } from "../../src/sample/dataset/rows.ts";
import { truth } from "../sample/truth.ts";
import type { TestHome } from "./home.ts";
import { bankOfAmerica, jpmorgan, type TestSource } from "./sample.ts";
import { query } from "./warehouse.ts";

const fields = ["complaint_id", ...wordFields] as const;

/**
 * Asserts that the live rows of the warehouse are the ones that the source shows on a day, field by field; `keepsGone`: beside those that it does
 * not show any more.
 */
export async function assertTrue(
  { database }: Pick<TestHome, "database">,
  source: TestSource,
  asOf: string,
  window: { from: string; to: string },
  companies = [jpmorgan, bankOfAmerica],
  keepsGone = false,
): Promise<void> {
  const instant = (column: string) => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  const held = await query(
    database,
    `select ${fields.join(", ")}, ${instant("date_received")}, ${instant("date_sent_to_company")}
     from raw.cfpb_complaints where _deleted_at is null
       and company in (${companies.map((name) => `'${name}'`).join(", ")})
       and date_received >= '${window.from}'::date and date_received < '${window.to}'::date + 1`,
  );
  const rows = truth(source.rows, asOf, { companies, ...window }).map((row) =>
    JSON.stringify([...fields.map((field) => row[field]), row.date_received, row.date_sent_to_company]),
  );
  const expected = new Set(rows);
  const shown = new Set(truth(source.rows, asOf, { companies }).map(({ complaint_id }) => complaint_id));
  const judged = keepsGone ? held.filter(([id]) => shown.has(String(id))) : held;
  const got = new Set(judged.map((row) => JSON.stringify(row)));
  // Small differences, so that a failure can be read.
  assert.deepEqual([...expected.difference(got)].slice(0, 5), [], "rows that the warehouse lacks");
  assert.deepEqual([...got.difference(expected)].slice(0, 5), [], "rows that the source does not show");
  assert.equal(judged.length, rows.length);
}
