import { complaints } from "../../pipeline/dataset/complaints.ts";
import { isEvery } from "../../pipeline/names/every.ts";
import type { Scope } from "../../pipeline/scope/scope.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";

const { owner, cursor } = complaints;

/** Names and days that rows belong to. */
export type Days = Pick<Scope, "names" | "window">;

/** True of rows that have these names and days, as an SQL condition; of names, null where a row has no company. `at` is the column of the day. */
export function isIn({ names, window }: Days, at: string = cursor): string {
  const ofNames = isEvery(names) ? "" : `${owner} in (${names.map(sqlLiteral).join(", ")}) and `;
  return `${ofNames}${at} >= ${sqlLiteral(window.from)}::date and ${at} < ${sqlLiteral(window.to)}::date + 1`;
}

/** True of rows that have none of these names, or a day that is none of these, as an SQL condition; a row without a day may be of any. */
export function isOutside({ names, window }: Days): string {
  const { from, to } = window;
  const ofOthers = isEvery(names) ? "false" : `(${owner} in (${names.map(sqlLiteral).join(", ")})) is not true`;
  return `(${ofOthers} or coalesce(${cursor} < ${sqlLiteral(from)}::date or ${cursor} >= ${sqlLiteral(to)}::date + 1, false))`;
}

/** True of live rows that have these names and days, as an SQL condition. */
export function isLiveIn(days: Days): string {
  return `_deleted_at is null and ${isIn(days)}`;
}
