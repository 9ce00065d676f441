/** What the child that runs SQL is started with. */
export type ChildSetup = {
  /** `file` lies in the folder that the child runs in: no path of the machine is in what it can say. */
  tables: { name: string; file: string }[];
  /** Megabytes of resident memory at which the child ends itself. */
  memoryMegabytes: number;
  threads: number;
};

/** A line to the child. */
export type SqlRequest = {
  sql: string;
  maxRows: number | null;
  /** Of all rows as JSON; no limit where it is left out. */
  maxBytes?: number;
};

/** How a result ended: whether there are more rows, and whether its size is why they are left out. */
export type ResultEnd = { more: boolean; isCut: boolean };

export type Column = { name: string; type: string };
/** A value as JSON has it; numbers that JavaScript cannot hold exactly are texts. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** A line from the child: columns, then rows, then the end; or an error. */
export type SqlResponse =
  | { columns: Column[] }
  | { rows: Value[][] }
  | { end: ResultEnd }
  /** `refused`: not one statement that only reads the snapshot; `failed`: DuckDB could not carry it out. */
  | { error: { kind: "refused" | "failed"; message: string } };
