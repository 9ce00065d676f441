/** Of which rows the whole text is wanted, beside their values. */
export type Texts = "all" | "where needed";

/**
 * Reads a landed file of one format: named queries for a `with`, the last of which is `hit`, a row for each of the file's. Its columns:
 * `f`, a map from each of the row's keys to the text of its value; `j`, the row as JSON, null where it is not needed; and of the file, the same
 * in each row: `usual`, the keys that its rows have as a rule, with `usually_missing`, the fields that are not among them (`keys.ts`), and
 * `usually_twice`, whether a key is among them twice; `odd`, whether values have to be looked at one by one for their types.
 */
export type Reader = (path: string, texts: Texts) => string;
