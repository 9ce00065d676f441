import type { Column, Dataset } from "./dataset.ts";

/** How companies answer; the first is of complaints without an answer yet. The dbt models know the same ones. */
export const companyResponses = [
  "In progress",
  "Closed with explanation",
  "Closed with monetary relief",
  "Closed with non-monetary relief",
  "Untimely response",
  "Closed",
  "Closed with relief",
  "Closed without relief",
] as const;

/** The CFPB's complaints. Source of the fields, their values and which of them are gone: docs/source.md. */
export const complaints = {
  table: "raw.cfpb_complaints",
  rejected: "raw.cfpb_complaints_rejected",
  changes: "raw.cfpb_complaint_changes",
  key: "complaint_id",
  cursor: "date_received",
  owner: "company",
  columns: [
    { name: "complaint_id", kind: "key" },
    { name: "date_received", kind: "instant" },
    { name: "date_sent_to_company", kind: "instant" },
    { name: "product", kind: "text" },
    { name: "sub_product", kind: "text" },
    { name: "issue", kind: "text" },
    { name: "sub_issue", kind: "text" },
    { name: "company", kind: "text" },
    { name: "company_public_response", kind: "text" },
    { name: "company_response", kind: "text", known: companyResponses },
    { name: "state", kind: "text" },
    { name: "zip_code", kind: "text" },
    { name: "tags", kind: "text" },
    { name: "submitted_via", kind: "text" },
    { name: "timely", kind: "text", allowed: ["Yes", "No"] },
    { name: "complaint_what_happened", kind: "narrative", retired: true },
    { name: "consumer_consent_provided", kind: "text", retired: true },
    { name: "consumer_disputed", kind: "text", retired: true, allowed: ["Yes", "No", "N/A"] },
    { name: "has_narrative", kind: "text", retired: true, boolean: true, allowed: ["true", "false"] },
  ],
} as const satisfies Dataset;

export type Field = (typeof complaints)["columns"][number]["name"];

/** Its columns, each with what is known of it. */
export const columns: readonly (Column & { readonly name: Field })[] = complaints.columns;

export const fields: readonly Field[] = columns.map(({ name }) => name);

/** Fields with a day and, as a rule, a time. */
export const times: readonly Field[] = columns.filter(({ kind }) => kind === "instant").map(({ name }) => name);

/** A row without one of these is rejected. */
export const neededFields: readonly Field[] = [complaints.key, complaints.cursor];

/** Fields whose value may change; the others say which complaint it is and whose. */
export const mutableFields = fields.filter((field) => field !== complaints.owner && !neededFields.includes(field));

/** Fields that the source no longer sends: that they are missing is no news. */
export const retiredFields: readonly string[] = columns.filter(({ retired }) => retired).map(({ name }) => name);
