/** Table functions that read nothing but their arguments. */
const tableFunctions = new Set(["range", "generate_series", "unnest", "repeat", "json_each", "json_tree"]);
/** Functions whose value is not one of their arguments alone, and that tell nothing of the machine. */
const harmless = new Set(
  `random uuid uuidv4 uuidv7 gen_random_uuid error now today transaction_timestamp current_date get_current_time
  get_current_timestamp current_localtime current_localtimestamp current_schema current_schemas current_database
  pg_typeof pg_size_pretty setseed`.split(/\s+/),
);
/** Functions of their arguments alone, as DuckDB has it, that tell of the connection or of how a statement is carried out. */
const telling = new Set(
  `current_setting getvariable json_serialize_plan current_user current_role session_user user current_catalog
  get_block_size`.split(/\s+/),
);
/** What `show` may be asked for without naming a table. */
const shown = new Set(['"tables"', "__show_tables_expanded"]);
const informationTables = new Set(["tables", "columns", "schemata"]);

/** What may be named in a statement; all names in lower case. */
export type Names = {
  /** The tables of the snapshot. */
  tables: ReadonlySet<string>;
  /** Functions of DuckDB that may not be called. What is neither here nor known to DuckDB is for DuckDB to refuse. */
  functions: ReadonlySet<string>;
  /** Views of DuckDB's own that a name without a schema finds. They show paths and settings. */
  internal: ReadonlySet<string>;
};

/** A function as `duckdb_functions()` has it. */
export type KnownFunction = { name: string; schema: string; type: string; stability: string | null };

/** Of DuckDB's functions those that may not be called: all but those whose value is one of their arguments alone, and a few others. */
export function forbiddenFunctions(known: readonly KnownFunction[]): Set<string> {
  const isPure = ({ schema, type, stability }: KnownFunction) =>
    type === "macro" ? schema === "main" : stability === "CONSISTENT";
  const all = known.filter(({ type }) => ["scalar", "aggregate", "macro"].includes(type));
  const allowed = all.filter((one) => harmless.has(one.name) || (isPure(one) && !telling.has(one.name)));
  const names = new Set(allowed.map(({ name }) => name));
  return new Set(all.map(({ name }) => name).filter((name) => !names.has(name)));
}

/** What DuckDB's `json_serialize_sql` says of a text. */
export type SerializedSql = { error: boolean; error_message?: string; statements?: unknown[] };

/**
 * Why a text is not run, or null: it has to be exactly one statement that selects from the snapshot's tables, with functions of
 * their arguments alone. Settings of DuckDB alone do not make a connection read-only, or silent about the machine.
 */
export function whyRefused(sql: SerializedSql, names: Names): string | null {
  if (sql.error) {
    const message = sql.error_message ?? "it cannot be parsed";
    return /Only SELECT/.test(message)
      ? "only SELECT statements are run here, and a PIVOT that names its values (on x in ('a', 'b'))"
      : message;
  }
  const count = sql.statements?.length ?? 0;
  if (count === 0) return "it is empty";
  if (count > 1) return `it has ${count} statements: one at a time`;
  return forbidden(sql.statements![0], names);
}

type Node = Record<string, unknown>;

function forbidden(node: unknown, names: Names): string | null {
  if (typeof node !== "object" || node === null) return null;
  const reason = Array.isArray(node) ? null : forbiddenHere(node as Node, names);
  if (reason !== null) return reason;
  for (const part of Object.values(node)) {
    const inside = forbidden(part, names);
    if (inside !== null) return inside;
  }
  return null;
}

function forbiddenHere(node: Node, names: Names): string | null {
  if (node.type === "TABLE_FUNCTION") {
    const name = nameOf((node.function as Node | undefined)?.function_name);
    return tableFunctions.has(name) ? null : `the table function ${name} is not available here`;
  }
  if (node.type === "BASE_TABLE") return forbiddenTable(node, names);
  if (node.type === "SHOW_REF") {
    const what = nameOf(node.table_name);
    return what === "" || shown.has(what) ? null : `show ${what.replaceAll('"', "")} is not available here`;
  }
  const called = nameOf(node.function_name);
  // The arguments of a table function stand in a node of their own.
  return names.functions.has(called) ? `the function ${called} is not available here` : null;
}

function forbiddenTable(node: Node, { tables, internal }: Names): string | null {
  const [catalog, schema, table] = [nameOf(node.catalog_name), nameOf(node.schema_name), nameOf(node.table_name)];
  const full = [catalog, schema, table].filter(Boolean).join(".");
  const why = `the table ${full} is not available here`;
  if (schema === "information_schema") {
    return catalog === "" && informationTables.has(table) ? null : why;
  }
  // `memory.t` is a catalog and a table, which is written like a schema and one.
  const isOwn = ["", "memory"].includes(catalog) && ["", "main", "memory"].includes(schema) && tables.has(table);
  if (isOwn) return null;
  // A name without a place: one of this statement's own, or DuckDB says that there is none. Of DuckDB's own it may not be.
  return catalog === "" && schema === "" && !internal.has(table) ? null : why;
}

const nameOf = (name: unknown) => (typeof name === "string" ? name.toLowerCase() : "");
