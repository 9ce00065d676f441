import type { LoadRequest } from "../../pipeline/flow/steps.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

/** What a load asks the source for. */
export type LoadScope = Pick<LoadRequest, "names" | "window">;

/** True of rows that have the names and days that were asked for, as an SQL condition; null where a row has no company. */
export function isInScope({ names, window }: LoadScope): string {
  return `company in (${names.map(sqlLiteral).join(", ")})
    and date_received >= ${sqlLiteral(window.from)}::date and date_received < ${sqlLiteral(window.to)}::date + 1`;
}
