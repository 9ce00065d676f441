import type { LoadRequest } from "../../pipeline/flow/ports.ts";
import { literal } from "../../pipeline/literal.ts";

/** What a load asks the source for. */
export type Asked = Pick<LoadRequest, "names" | "window">;

/** True of rows that have the names and days that were asked for, as an SQL condition; null where a row has no company. */
export function isAsked({ names, window }: Asked): string {
  return `company in (${names.map(literal).join(", ")})
    and date_received >= ${literal(window.from)}::date and date_received < ${literal(window.to)}::date + 1`;
}
