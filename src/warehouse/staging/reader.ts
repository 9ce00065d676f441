import type { Field } from "../../pipeline/dataset/complaints.ts";

/** Of which rows the whole text is wanted, beside their values. */
export type Texts = "all" | "where needed";

/** How a landed file of one format is read, as SQL. */
type Reading = {
  /** Named queries for a `with`, the last of which is `hit`, a row for each of the file's. */
  queries: string;
  /** The text of a field in a row of `hit`. */
  text(field: Field): string;
  /** Columns of `hit` that `row` needs. */
  carried: string;
  /** The whole row as JSON, which is asked for where it is needed; null where the reading left it out. */
  row: string;
  /** The fields that a row does not have, as bits (`keys.ts`). */
  missing: string;
  /** The keys of a row that are no field, with their values, as JSON; null where there are none. `_missing` is known by then. */
  extra: string;
  /** Whether a row has a key twice. */
  twice: string;
  /** Whether values have to be looked at one by one for their types. */
  odd: string;
};

/** Reads a landed file of one format. */
export type Reader = (path: string, texts: Texts) => Reading;
