import { dayMs, dayText } from "../dataset/clock.ts";
import type { Shape } from "../dataset/shapes.ts";
import type { View } from "../index/live-index.ts";
import { aggregate } from "../search/aggregations.ts";
import type { Query } from "../search/parameters.ts";
import { type After, page, select } from "../search/select.ts";
import { type Answer, indexFailed, openHeaders } from "./answer.ts";
import { renderHits } from "./render.ts";

/** The most rows that one page may reach; beyond it the index fails. */
const indexWindow = 10_000;

/** Answers a search. */
export function search(view: View, query: Query, shape: Shape, flags: MetaFlags): Answer {
  const after = query.searchAfter === null ? null : readPair(query.searchAfter, query.sort);
  if (query.size > indexWindow || after === "unreadable" || (after !== null && query.size === 0)) return indexFailed();
  const selected = select(view, query);
  if (selected === null) return indexFailed();
  const rows = page(view, selected.rows, query.sort, query.size, after);
  const hits = renderHits(view, shape, rows, query.sort.startsWith("created_date"));
  const aggregations = query.aggregations
    ? `,"aggregations":${JSON.stringify(aggregate(view, query, selected, shape))}`
    : "";
  const points = rows.length > 0 ? breakPoints(view, selected.rows, query) : {};
  const meta = JSON.stringify({ ...metaOf(view, flags), break_points: points });
  const head =
    `{"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},` +
    `"hits":{"total":{"value":${selected.rows.length},"relation":"eq"},"max_score":null,"hits":[`;
  const tail = `]}${aggregations},"_meta":${meta}}`;
  const body = [Buffer.from(head), hits, Buffer.from(tail)];
  return { status: 200, headers: { "content-type": "application/json", ...openHeaders }, body };
}

/** `<epoch ms>_<id>`, or `<score>_<id>` where the order is by relevance. */
function readPair(text: string, sort: string): After | "unreadable" {
  const [first = "", id, ...more] = text.split("_");
  const isNumber = sort.startsWith("created_date")
    ? /^\d+$/.test(first) && BigInt(first) <= mostMs
    : first.trim() !== "" && !Number.isNaN(Number(first));
  return id === undefined || more.length > 0 || !isNumber ? "unreadable" : { first: Number(first), id };
}

/** What the index holds of a date is a long. */
const mostMs = 2n ** 63n - 1n;

const batch = 100;

/** The `search_after` that begins page 2, 3, ... while more hits follow, out of the first 200 (more with `frm`). */
function breakPoints(view: View, selected: Uint32Array, query: Query): Record<string, unknown> {
  const { size, frm, sort } = query;
  if (selected.length <= size) return {};
  const reached = frm < batch ? 0 : Math.ceil(frm / batch) * batch;
  const first = page(view, selected, sort, Math.min(2 * batch + reached, indexWindow), null);
  const points: Record<string, unknown> = {};
  const lastPage = Math.floor(indexWindow / size);
  for (let number = 2; number <= Math.max(lastPage, 2) && (number - 1) * size < first.length; number++) {
    const row = first[(number - 1) * size - 1]!;
    points[number] = [sort.startsWith("created_date") ? view.rows.received[row] : 1, String(view.rows.id[row])];
  }
  return points;
}

export type MetaFlags = { nowMs: number; stale?: boolean; issue?: boolean };

/** What every answer says of the whole index. */
function metaOf(view: View, { nowMs, stale, issue = false }: MetaFlags) {
  const { rows, snapshot, lastIndexed } = view;
  const newest = snapshot.visible.at(-1);
  const updated = newest === undefined ? lastIndexed : Math.floor(rows.received[newest]! / dayMs);
  return {
    license: "CC0",
    last_updated: noon(updated),
    last_indexed: noon(lastIndexed),
    total_record_count: snapshot.visible.length,
    is_data_stale: stale ?? isStale(updated, nowMs),
    has_data_issue: issue,
  };
}

function noon(day: number): string {
  return `${dayText(day)}T12:00:00-05:00`;
}

/** Updated before this week's Monday when asked Friday to Sunday, over 6 days ago on other days. */
function isStale(updated: number, nowMs: number): boolean {
  const today = Math.floor(nowMs / dayMs);
  const weekday = (today + 3) % 7; // Monday is 0: day 0 was a Thursday
  return weekday >= 4 ? updated < today - weekday : today - updated > 6;
}
