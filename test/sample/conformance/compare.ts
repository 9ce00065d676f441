import type { Answered, Conversation } from "./recordings.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Hit = { _id: string; _index: string; _source: Record<string, Json>; [key: string]: Json };

const volatile = "<volatile>";

/** How an answer differs from the recorded one, a line each; empty when it does not. */
export function differences(
  conversation: Conversation,
  answer: Answered,
  documents: ReadonlyMap<string, Record<string, Json>>,
  moving = false,
): string[] {
  const found: string[] = [];
  const add = (where: string, expected: unknown, got: unknown) =>
    found.push(`${where}: expected ${short(expected)}, got ${short(got)}`);
  const { headers } = conversation;
  if (answer.status !== conversation.status)
    add("status", conversation.status, `${answer.status} ${answer.text.slice(0, 150)}`);
  const media = (type: string | undefined) => (type ?? "").split(";")[0];
  if (media(headers["content-type"]) !== media(answer.headers["content-type"]))
    add("content-type", headers["content-type"], answer.headers["content-type"]);
  if (found.length > 0 || conversation.origin === "rig") return found;
  const disposition = headers["content-disposition"];
  const named = answer.headers["content-disposition"] ?? "";
  if (disposition && named.replace(/\d{4}-\d\d-\d\d_\d\d_\d\d/, volatile) !== disposition)
    add("content-disposition", disposition, named);
  if (headers["retry-after"] && !/^[1-9]\d*$/.test(answer.headers["retry-after"] ?? ""))
    add("retry-after", "whole seconds", answer.headers["retry-after"]);
  if (answer.truncated !== (conversation.truncated ?? false))
    add("truncated", conversation.truncated ?? false, answer.truncated);

  const { body } = conversation;
  if (typeof body === "string") {
    if (headers["content-type"]?.startsWith("text/csv") && conversation.status === 200) {
      const rows = (text: string) => text.split("\r\n").toSorted();
      deep("rows", rows(body), rows(answer.text));
    } else deep("body", body, answer.text);
    return found;
  }
  const got = JSON.parse(answer.text) as Record<string, Json>;
  const expected = body as Record<string, Json>;
  if (Array.isArray(body) && typeof body[0] === "object") exported(body as Hit[], got as unknown as Hit[]);
  else if (expected.hits !== undefined) search(expected, got);
  else deep("body", expected, got);
  return found;

  function exported(wanted: Hit[], sent: Hit[]): void {
    const byId = (hits: Hit[]) => Object.fromEntries(hits.map(({ _id, _source }) => [_id, _source]));
    deep("hits by id", byId(wanted), byId(sent));
  }

  function search(wanted: Record<string, Json>, sent: Record<string, Json>): void {
    deep("timed_out", wanted.timed_out!, sent.timed_out!);
    compareHits(wanted.hits as never, sent.hits as never);
    deep("aggregations", withoutMeta(wanted.aggregations), withoutMeta(sent.aggregations));
    const ordered = conversation.compare?.order ?? true;
    const skip = ["is_data_stale", ...(moving ? [] : ["last_indexed"]), ...(ordered ? [] : ["break_points"])];
    deep("_meta", without(wanted._meta, skip), without(sent._meta, skip));
  }

  function compareHits(
    wanted: { total: Json; max_score: Json; hits: Hit[] },
    sent: { total: Json; max_score: Json; hits: Hit[] },
  ): void {
    const { order = true, scores = true, ignore_source = [], no_highlight } = conversation.compare ?? {};
    deep("hits.total", wanted.total, sent.total);
    if (scores) deep("hits.max_score", wanted.max_score, sent.max_score);
    const ids = (hits: Hit[]) => hits.map(({ _id }) => _id);
    if (order) deep("hits", ids(wanted.hits), ids(sent.hits));
    else deep("hits", ids(wanted.hits).toSorted(), ids(sent.hits).toSorted());
    const byId = new Map(wanted.hits.map((hit) => [hit._id, hit]));
    for (const hit of sent.hits) {
      const recorded = byId.get(hit._id);
      if (recorded === undefined) continue;
      const reference = recorded._source.$doc;
      const source = typeof reference === "string" ? documents.get(reference) : recorded._source;
      const ignored = [...ignore_source, "date_indexed"];
      deep(`${hit._id}._source`, without(source, ignored), without(hit._source, ignored));
      if (scores) {
        deep(`${hit._id}._score`, recorded._score!, hit._score!);
        deep(`${hit._id}.sort`, recorded.sort!, hit.sort!);
      }
      if (moving) deep(`${hit._id}._index`, recorded._index.slice(-2), hit._index.slice(-2));
      if (no_highlight && "highlight" in hit) add(`${hit._id}.highlight`, "none", hit.highlight);
    }
  }

  function deep(where: string, a: unknown, b: unknown): void {
    if (found.length > 5 || a === volatile) return;
    if (typeof a === "string" && a.includes(volatile) && typeof b === "string") {
      const pattern = a.split(volatile).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      if (!new RegExp(`^${pattern.join(".*")}$`, "s").test(b)) add(where, a, b);
    } else if (isObject(a) && isObject(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) deep(`${where}.${key}`, a[key], b[key]);
    } else if (Array.isArray(a) && Array.isArray(b)) {
      for (let i = 0; i < Math.max(a.length, b.length); i++) deep(`${where}[${i}]`, a[i], b[i]);
    } else if (a !== b) add(where, a, b);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(value: unknown, keys: readonly string[]): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) : value;
}

function withoutMeta(aggregations: unknown): unknown {
  if (!isObject(aggregations)) return aggregations;
  return Object.fromEntries(Object.entries(aggregations).map(([name, value]) => [name, without(value, ["meta"])]));
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 160);
}
