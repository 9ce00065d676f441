import type { DbtCheck, DbtNode } from "./events.ts";
import { plural, shellWord } from "./words.ts";

/** How many checks dbt ran: those that tests list, and tests that list none. */
export function checksOf(nodes: readonly DbtNode[]): number {
  const tests = nodes.filter(({ kind }) => kind === "test" || kind === "unit_test");
  return tests.reduce((sum, { checks }) => sum + (checks.length || 1), 0);
}

/** What failed in a node, or is warned of, a text for each: its checks that failed or warn, or itself, with all that dbt said. */
export function troublesOf(node: DbtNode): string[] {
  const { kind, name, status, message, model, failures, checks } = node;
  if (status === "success" || status === "pass" || status === "skipped") return [];
  const bad = checks.filter(({ found }) => found !== null);
  if (bad.length > 0) return bad.map((check) => checkText(check, model));
  if (checks.some((check) => check.status === "unknown")) {
    return [`${failures} of ${plural(checks.length, "check")} of ${model}: ${status}`];
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

/** Shows rows of the warehouse, which the snapshot does not have before a build without failures. */
export function rowsCommand(sql: string): string {
  return `pipeline dbt -- show --inline ${shellWord(sql)}`;
}

function checkText({ name, status, found }: DbtCheck, model: string | null): string {
  const example = found?.example == null ? "" : `, such as ${found.example}`;
  return `check ${name} of ${model}: ${status}, ${plural(found?.rows ?? 0, "row")}${example}`;
}
