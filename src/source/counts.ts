import * as z from "zod";
import type { CountedNames } from "../pipeline/scope/strategy.ts";
import type { TaskContext } from "../pipeline/steps/ports.ts";
import type { Window } from "../pipeline/window/days.ts";
import type { SourceClient } from "./client/client.ts";
import { requestJson } from "./client/request-json.ts";
import { groupNames, pageUrl } from "./urls.ts";

const answerSchema = z.object({
  _meta: z.object({ last_indexed: z.string().nullish() }).nullish(),
  hits: z.object({ total: z.object({ value: z.int(), relation: z.literal("eq") }) }),
});

/** How many rows there are, and of which index (`_meta.last_indexed`). */
type Total = { rows: number; lastIndexed: string | null };

/** `hits.total` of names that fit into a request, without any hit. */
export async function countTotal(
  client: SourceClient,
  base: string,
  names: readonly string[],
  window: Window,
  context: TaskContext,
): Promise<Total> {
  const url = pageUrl(base, { names, window, size: 0, after: null });
  const { hits, _meta } = await requestJson(client, url, answerSchema, context);
  return { rows: hits.total.value, lastIndexed: _meta?.last_indexed ?? null };
}

/** `hits.total` of each group of names that fits into a request, without any hit. */
export async function countRows(
  client: SourceClient,
  base: string,
  names: readonly string[],
  window: Window,
  context: TaskContext,
): Promise<CountedNames[]> {
  const counts: CountedNames[] = [];
  for (const group of groupNames(names)) {
    const { rows } = await countTotal(client, base, group, window, context);
    counts.push({ names: group, rows });
  }
  return counts;
}
