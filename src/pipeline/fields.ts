/** A row without one of these is rejected. */
export const neededFields = ["complaint_id", "date_received"];

/** Fields that the source stopped sending in 2026: that they are missing is no news. */
export const retiredFields = [
  "complaint_what_happened",
  "consumer_consent_provided",
  "consumer_disputed",
  "has_narrative",
];
