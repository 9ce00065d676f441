import assert from "node:assert/strict";
import { truth } from "../../src/sample/truth.ts";
import type { TestHome } from "./home.ts";
import { bankOfAmerica, jpmorgan, type TestSource } from "./sample.ts";

const fields = [
  "complaint_id",
  "product",
  "sub_product",
  "issue",
  "sub_issue",
  "company",
  "company_public_response",
  "company_response",
  "state",
  "zip_code",
  "tags",
  "submitted_via",
  "timely",
] as const;

/** Asserts that the live rows of the warehouse are the ones that the source shows on a day, field by field. */
export async function assertTrue(
  home: TestHome,
  source: TestSource,
  asOf: string,
  window: { from: string; to: string },
) {
  const instant = (column: string) => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  const held = await home.query(
    `select ${fields.join(", ")}, ${instant("date_received")}, ${instant("date_sent_to_company")}
     from raw.cfpb_complaints where _deleted_at is null
       and date_received >= '${window.from}'::date and date_received < '${window.to}'::date + 1`,
  );
  const rows = truth(source.rows, asOf, { companies: [jpmorgan, bankOfAmerica], ...window }).map((row) =>
    JSON.stringify([...fields.map((field) => row[field]), row.date_received, row.date_sent_to_company]),
  );
  assert.ok(rows.length > 100, `${rows.length} rows are too few to prove anything`);
  const expected = new Set(rows);
  const got = new Set(held.map((row) => JSON.stringify(row)));
  // Small differences, so that a failure can be read.
  assert.deepEqual([...expected.difference(got)].slice(0, 5), [], "rows that the warehouse lacks");
  assert.deepEqual([...got.difference(expected)].slice(0, 5), [], "rows that the source does not show");
  assert.equal(held.length, rows.length);
}
