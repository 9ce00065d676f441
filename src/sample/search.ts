import { aggregate } from "./aggregations.ts";
import { buildAt, dayMs, dayText } from "./clock.ts";
import { parseQuery, type Query } from "./parameters.ts";
import { renderHits } from "./render.ts";
import type { Rows, Snapshot } from "./rows.ts";
import { askedCompanies, type Direction, page, select } from "./select.ts";

/** An answer before it is sent. */
export type Answer = { status: number; type: "application/json" | "text/html"; body: string };

/** The most rows that one page may reach; beyond it the index fails. */
const indexWindow = 10_000;

/** Rows whose sort pairs `break_points` are taken from. */
const breakPointRows = 200;

/** Answers one search over what the index shows at `nowMs`. */
export function search(rows: Rows, parameters: URLSearchParams, nowMs: number): Answer {
  const parsed = parseQuery(parameters);
  if ("errors" in parsed) return json(400, parsed.errors);
  if ("notBuilt" in parsed) return json(501, { detail: `This server does not have this yet: ${parsed.notBuilt}` });
  const { query } = parsed;
  const after = query.searchAfter === null ? null : readPair(query.searchAfter);
  if (query.size > indexWindow || after === "unreadable" || (after !== null && query.size === 0)) return failed();
  const asked = askedCompanies(rows, query);
  if (asked === null) return failed();

  const snapshot = rows.at(buildAt(nowMs));
  const selected = select(rows, snapshot, query, asked);
  const direction: Direction = query.sort === "created_date_asc" ? "asc" : "desc";
  const index = `complaint-public-v${(Math.floor(snapshot.build / 7) % 2) + 1}`;
  const hits = renderHits(rows, snapshot, page(rows, selected, direction, query.size, after), index);
  const aggregations = query.aggregations
    ? `,"aggregations":${JSON.stringify(aggregate(rows, snapshot, query, asked))}`
    : "";
  const meta = JSON.stringify({
    ...metaOf(rows, snapshot, nowMs),
    break_points: breakPoints(rows, selected, direction, query),
  });
  const body =
    `{"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},` +
    `"hits":{"total":{"value":${selected.length},"relation":"eq"},"max_score":null,"hits":[${hits}]}` +
    `${aggregations},"_meta":${meta}}`;
  return { status: 200, type: "application/json", body };
}

export function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

/** Bad paging and an outage of the index look the same. */
function failed(): Answer {
  return json(424, { error: "There was an error calling OpenSearch" });
}

function readPair(text: string): { ms: number; id: string } | "unreadable" {
  const [, ms, id] = /^(\d+)_([^_]*)$/.exec(text) ?? [];
  return ms === undefined || id === undefined ? "unreadable" : { ms: Number(ms), id };
}

/** The `search_after` that begins page 2, 3, ... */
function breakPoints(rows: Rows, selected: Uint32Array, direction: Direction, query: Query): Record<string, unknown> {
  const points: Record<string, unknown> = {};
  if (query.size === 0 || query.size >= breakPointRows) return points;
  const first = page(rows, selected, direction, breakPointRows, null);
  for (let number = 2; (number - 1) * query.size < first.length; number++) {
    const end = (number - 1) * query.size;
    if (end >= selected.length) break;
    const row = first[end - 1]!;
    points[number] = [rows.received[row], String(rows.id[row])];
  }
  return points;
}

/** What every answer says of the whole index. */
function metaOf(rows: Rows, snapshot: Snapshot, nowMs: number) {
  const newest = snapshot.visible.at(-1);
  const updated = newest === undefined ? snapshot.build : Math.floor(rows.received[newest]! / dayMs);
  return {
    license: "CC0",
    last_updated: noon(updated),
    last_indexed: noon(snapshot.build),
    total_record_count: snapshot.visible.length,
    is_data_stale: isStale(updated, nowMs),
    has_data_issue: false,
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
