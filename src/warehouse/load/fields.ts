import { companyResponses } from "../../pipeline/load/fields.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

/** The source's fields, which are the columns of `raw.cfpb_complaints`. The last four are no longer sent. */
export const fields = [
  "complaint_id",
  "date_received",
  "date_sent_to_company",
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
  "complaint_what_happened",
  "consumer_consent_provided",
  "consumer_disputed",
  "has_narrative",
] as const;

/** Known fields whose value may change; the others say which complaint it is and whose. */
export const mutableFields = fields.filter(
  (field) => field !== "complaint_id" && field !== "company" && field !== "date_received",
);

export type Field = (typeof fields)[number];

/** SQL that turns a field's text, in the map `f`, into its column; null where it cannot be read. */
export function columnOf(field: Field): string {
  const text = `f['${field}']`;
  if (field === "date_received" || field === "date_sent_to_company") return `try_cast(trim(${text}) as timestamptz)`;
  if (field === "complaint_id") return `nullif(trim(${text}), '')`;
  if (field === "complaint_what_happened") return `nullif(${text}, '')`;
  if (field === "company_response") return asKnown(text, companyResponses);
  return text;
}

/** A text that differs from a known one in its case alone is that one. */
function asKnown(text: string, known: readonly string[]): string {
  const cases = known.map((one) => `when ${sqlLiteral(one.toLowerCase())} then ${sqlLiteral(one)}`);
  return `case lower(${text}) ${cases.join(" ")} else ${text} end`;
}
