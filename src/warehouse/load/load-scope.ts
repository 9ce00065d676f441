import { complaints } from "../../pipeline/dataset/complaints.ts";
import type { LoadRequest } from "../../pipeline/flow/steps.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

const { owner, cursor } = complaints;

/** What a load asks the source for. */
export type LoadScope = Pick<LoadRequest, "names" | "window">;

/** True of rows that have the names and days that were asked for, as an SQL condition; null where a row has no company. */
export function isInScope({ names, window }: LoadScope): string {
  return `${owner} in (${names.map(sqlLiteral).join(", ")})
    and ${cursor} >= ${sqlLiteral(window.from)}::date and ${cursor} < ${sqlLiteral(window.to)}::date + 1`;
}
