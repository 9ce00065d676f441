import { hourMs } from "./clock.ts";
/** The forms in which the source has answered: since August 2026, from June 2026, and before. */
export const shapeNames = ["today", "july", "noon"] as const;

export type ShapeName = (typeof shapeNames)[number];

export type Shape = {
  name: ShapeName;
  /** `complaint_what_happened` and `has_narrative` are shown, filtered and counted. */
  narratives: boolean;
  /** Every date is noon at -05:00: a whole day is one instant. */
  noon: boolean;
  /** `format=json` gives an export; later it is not found. */
  jsonExport: boolean;
  /** Suggestions, trends and states are answered; later a web page comes. */
  oldPaths: boolean;
  /** What `field` may be, the first of them where none is given. */
  searchFields: readonly string[];
};

const before: Omit<Shape, "name" | "noon"> = {
  narratives: true,
  jsonExport: true,
  oldPaths: true,
  searchFields: ["complaint_what_happened", "company", "all", "_all"],
};

export const shapes: Record<ShapeName, Shape> = {
  today: {
    name: "today",
    narratives: false,
    noon: false,
    jsonExport: false,
    oldPaths: false,
    searchFields: ["all", "company", "_all"],
  },
  july: { ...before, name: "july", noon: false },
  noon: { ...before, name: "noon", noon: true },
};

/** Noon at -05:00, as milliseconds of a UTC day. */
export const noonMs = 17 * hourMs;
