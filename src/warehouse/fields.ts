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

export type Field = (typeof fields)[number];

/** SQL that turns a field's text, in the map `f`, into its column; null where it cannot be read. */
export function columnOf(field: Field): string {
  const text = `f['${field}']`;
  if (field === "date_received" || field === "date_sent_to_company") return `try_cast(trim(${text}) as timestamptz)`;
  if (field === "complaint_id") return `nullif(trim(${text}), '')`;
  if (field === "complaint_what_happened") return `nullif(${text}, '')`;
  return text;
}
