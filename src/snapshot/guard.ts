/** Table functions that read nothing but their arguments. */
const harmless = new Set(["range", "generate_series", "unnest"]);
/** Catalog views that show paths and settings. */
const inner = /^(duckdb_|pragma_|sqlite_)/i;

/** What DuckDB's `json_serialize_sql` says of a text. */
export type SerializedSql = { error: boolean; error_message?: string; statements?: unknown[] };

/**
 * Why a text is not run, or null: it has to be exactly one statement that selects, from the snapshot's tables and from table
 * functions that read no file. Settings of DuckDB alone do not make a connection read-only.
 */
export function refusal(sql: SerializedSql): string | null {
  if (sql.error) {
    const message = sql.error_message ?? "it cannot be parsed";
    return /Only SELECT/.test(message) ? "only SELECT statements are run here: the snapshot is read-only" : message;
  }
  const count = sql.statements?.length ?? 0;
  if (count === 0) return "it is empty";
  if (count > 1) return `it has ${count} statements: one at a time`;
  return forbidden(sql.statements![0]);
}

function forbidden(node: unknown): string | null {
  if (typeof node !== "object" || node === null) return null;
  const { type, function: called, table_name: table } = node as Record<string, unknown>;
  if (type === "TABLE_FUNCTION") {
    const name = String((called as { function_name?: unknown } | undefined)?.function_name);
    if (!harmless.has(name.toLowerCase())) return `the table function ${name} is not available here`;
  }
  if (type === "BASE_TABLE" && inner.test(String(table))) return `the table ${String(table)} is not available here`;
  for (const part of Object.values(node)) {
    const reason = forbidden(part);
    if (reason !== null) return reason;
  }
  return null;
}
