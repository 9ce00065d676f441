import type { ErrorFacts } from "../../run/errors.ts";
import type { DbtCheck, DbtNode } from "../../run/events.ts";
import { escapeControls, plural, shellQuote } from "./format.ts";

/** How many checks dbt ran: those that tests list, and tests that list none. */
export function checksOf(nodes: readonly DbtNode[]): number {
  const tests = nodes.filter(({ kind }) => kind === "test" || kind === "unit_test");
  return tests.reduce((sum, { checks }) => sum + (checks.length || 1), 0);
}

/** What failed in a node, or is warned of, a text for each: its checks that failed or warn, or itself, with all that dbt said. */
export function failureTexts(node: DbtNode): string[] {
  const { kind, name, status, message, model, failures, checks } = node;
  if (status === "success" || status === "pass" || status === "skipped") return [];
  const bad = checks.filter(({ found }) => found !== null).toSorted((a, b) => a.status.localeCompare(b.status));
  if (bad.length > 0) return bad.map((check) => checkText(check, model));
  if (checks.some((check) => check.status === "unknown")) {
    return [`${failures} of ${plural(checks.length, "check")} of ${model} failed`];
  }
  return [
    `${kind} ${name}: ${status}${failures ? `, ${plural(failures, "row")}` : ""}${message === null ? "" : `: ${message}`}`,
  ];
}

/** The command that shows the rows of the first check that failed; null where none is known. */
export function commandForRows(nodes: readonly DbtNode[]): string | null {
  const failed = nodes.flatMap(({ checks }) => checks).find(({ status }) => status === "fail");
  return failed?.found == null ? null : rowsCommand(failed.found.sql);
}

/** Shows up to 100 rows of the warehouse, which the snapshot does not have before a build without failures. */
export function rowsCommand(sql: string): string {
  // dbt reads Jinja in it, as it does in a model.
  const inline = /[{}]/.test(sql) ? `{% raw %}${sql}{% endraw %}` : sql;
  return `pipeline dbt -- show --limit 100 --inline ${shellQuote(inline)}`;
}

function checkText({ name, column, status, found }: DbtCheck, model: string | null): string {
  const where = column === null || name.includes(column) ? "" : ` (column ${column})`;
  const example = found?.example == null ? "" : `, such as ${escapeControls(found.example) || "an empty text"}`;
  return `check ${name} of ${model}${where}: ${status}, ${plural(found?.rows ?? 0, "row")}${example}`;
}

/** That a build failed: its failed nodes, and what to do. */
export function dbtError(failed: readonly DbtNode[]): ErrorFacts {
  const texts = failed.flatMap(failureTexts);
  const more = texts.length > 3 ? ` and ${texts.length - 3} more` : "";
  const show = commandForRows(failed);
  const isMemory = texts.some((text) => /Out of Memory Error/.test(text));
  const fix = isMemory
    ? "Give DuckDB more memory (`duckdb.memoryLimit`) or fewer threads (`duckdb.threads`) and run again"
    : "Fix the model or the data it complains about and run again";
  return {
    code: "dbt_failed",
    message: `dbt failed: ${texts.slice(0, 3).join("; ")}${more}`.replace(/(?<!\.)$/, "."),
    data: "The loaded complaints are kept; the watermark stays where it was, and some marts may be older than others.",
    next: `${fix}: the next run builds everything that is owed.${show === null ? "" : ` Look at the rows: ${show}`}`,
  };
}
