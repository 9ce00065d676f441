/** What the child that runs SQL is started with. */
export type ChildSetup = {
  tables: { name: string; path: string }[];
  /** Megabytes of resident memory at which the child ends itself. */
  memoryMegabytes: number;
  threads: number;
};

/** A line to the child. */
export type Question = { sql: string; maxRows: number | null };

export type Column = { name: string; type: string };
/** A value as JSON has it; numbers that JavaScript cannot hold exactly are texts. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** A line from the child: columns, then rows, then the end; or an error. */
export type Answer =
  | { columns: Column[] }
  | { rows: Value[][] }
  | { end: { more: boolean } }
  /** `refused`: not one statement that only reads the snapshot; `failed`: DuckDB could not carry it out. */
  | { error: { kind: "refused" | "failed"; message: string } };
