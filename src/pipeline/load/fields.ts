/** A row without one of these is rejected. */
export const neededFields = ["complaint_id", "date_received"];

/** Fields that the source stopped sending in 2026: that they are missing is no news. */
export const retiredFields = [
  "complaint_what_happened",
  "consumer_consent_provided",
  "consumer_disputed",
  "has_narrative",
];

/** The texts of fields that figures stand on: any other one is no value of the field. Source: docs/source.md. */
export const allowedValues: Readonly<Record<string, readonly string[]>> = {
  timely: ["Yes", "No"],
  consumer_disputed: ["Yes", "No", "N/A"],
  has_narrative: ["true", "false"],
};

/** Fields whose values may be true or false and no text. */
export const booleanFields: readonly string[] = ["has_narrative"];

/** How companies answer; the first is of complaints without an answer yet. The dbt models know the same ones. */
export const companyResponses: readonly string[] = [
  "In progress",
  "Closed with explanation",
  "Closed with monetary relief",
  "Closed with non-monetary relief",
  "Untimely response",
  "Closed",
  "Closed with relief",
  "Closed without relief",
];
