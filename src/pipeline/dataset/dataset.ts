/** A column of the dataset, which is a field of the source's rows by the same name. */
export type Column = {
  readonly name: string;
  /**
   * What its text is: `key` and `text` as it stands, without white space around a key; `instant` a date with or without a time;
   * `narrative` a text that is empty where there is none.
   */
  readonly kind: "key" | "instant" | "text" | "narrative";
  /** The source no longer sends it: that it is absent is no news. */
  readonly retired?: true;
  /** Its value may be true or false and no text. */
  readonly boolean?: true;
  /** The texts that figures stand on: a row with any other one is rejected. */
  readonly allowed?: readonly string[];
  /** The texts that are known: one that differs from them in its case alone is that one, and any other one is reported. */
  readonly known?: readonly string[];
};

/** What is loaded: one table, described once for the source, the warehouse and whoever compares the two. */
export type Dataset = {
  /** The table of the rows, with its schema. */
  readonly table: string;
  /** The table of rows that came and could not be kept, with the reasons. */
  readonly rejected: string;
  /** The table of what loads found changed. */
  readonly changes: string;
  /** The column that says which row it is: unique, and needed. */
  readonly key: string;
  /** The column that windows are of: the day of its instant, in UTC. Needed. */
  readonly cursor: string;
  /** The column that says whose row it is. */
  readonly owner: string;
  readonly columns: readonly Column[];
};
