import { columns } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

/**
 * Whether a page may have a known field whose value is neither a text nor null: the key stands before a number, true, false, an object or
 * a list. Within a text a quotation mark has a backslash before it, so that only keys match, those outside of rows too. Takes 5 ms of the
 * 6 MB that 10,000 rows are; {@link wrongType} then looks at each value.
 */
export function mayHaveOtherTypes(content: string): string {
  const keys = (boolean: boolean) => columns.flatMap((one) => ((one.boolean ?? false) === boolean ? one.name : []));
  const pattern = `"(?:${keys(false).join("|")})"\\s*:\\s*[-0-9tf{\\[]|"(?:${keys(true).join("|")})"\\s*:\\s*[-0-9{\\[]`;
  return `regexp_matches(${content}, ${sqlLiteral(pattern)})`;
}

/** SQL that says why a row, as JSON, has a value of a wrong type; null if all values are texts or null. */
export function wrongType(row: string): string {
  const kinds = columns.map(({ name: field, boolean }) => {
    const allowed = ["VARCHAR", "NULL", ...(boolean ? ["BOOLEAN"] : [])].map(sqlLiteral);
    const kind = `json_type(${row}, '/${field}')`;
    return `if(${kind} not in (${allowed.join(", ")}), {field: '${field}', kind: ${kind}}, null)`;
  });
  const kind =
    "case one.kind when 'BOOLEAN' then 'a boolean' when 'OBJECT' then 'an object' when 'ARRAY' then 'a list' else 'a number' end";
  const first = `list_filter([${kinds.join(", ")}], lambda one: one is not null)[:1]`;
  return `list_transform(${first}, lambda one: '\`' || one.field || '\` is ' || ${kind} || ', a text is expected')[1]`;
}

/** SQL over the columns that says why a row has a text that its field does not allow; null if there is none. */
export function notAllowed(): string {
  const outside = columns.map(({ name: field, allowed: list }) => {
    if (list === undefined) return "";
    const why = `'\`${field}\` is "' || left(${field}, 40) || '", expected ${list.join(" or ")}'`;
    return `when ${field} not in (${list.map(sqlLiteral).join(", ")}) then ${why}`;
  });
  return `case ${outside.join(" ")} end`;
}
