import type { Words } from "./words.ts";

/** The fields whose values are words. */
export const wordFields = [
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

export type WordField = (typeof wordFields)[number];

/** The consumer's text is a word like the others; code 0 where there is none. */
export type RowField = WordField | "complaint_what_happened";

export type Codes = Uint16Array | Uint32Array;

/**
 * Every complaint the index ever held, as columns over one numbering of the rows: by `date_received`, then by id as
 * text. Generated rows and a documents file both fill it.
 */
export interface Rows {
  readonly count: number;
  /** Complaint ids as numbers; the source's are texts of 2 to 8 digits without leading zeros. */
  readonly id: Uint32Array;
  /** `date_received`, epoch milliseconds. */
  readonly received: Float64Array;
  readonly words: Readonly<Record<RowField, Words>>;
  /** What the index shows after its daily build number `build`. */
  at(build: number): Snapshot;
}

/** The index after one build. */
export type Snapshot = {
  readonly build: number;
  /** Numbers of the rows that are published and not withdrawn, ascending. */
  readonly visible: Uint32Array;
  /** The words of every row, by row number. */
  readonly codes: Readonly<Record<RowField, Codes>>;
  /** `date_sent_to_company`, epoch milliseconds, NaN for null, by row number. */
  readonly sent: Float64Array;
};

/** A number that orders ids of up to 8 digits as their texts do: 10000014 before 9999991. */
export function textOrder(id: number): number {
  const digits = String(id).length;
  return id * 10 ** (8 - digits) * 16 + digits;
}
