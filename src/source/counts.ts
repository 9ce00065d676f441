import * as z from "zod";
import { isEvery } from "../pipeline/names/every.ts";
import type { CountedNames } from "../pipeline/scope/strategy.ts";
import type { TaskContext } from "../pipeline/steps/ports.ts";
import type { Window } from "../pipeline/window/days.ts";
import type { SourceClient } from "./client/client.ts";
import { requestJson } from "./client/request-json.ts";
import { countByName } from "./companies.ts";
import { groupNames, pageUrl } from "./urls.ts";

const answerSchema = z.object({
  _meta: z.object({ last_indexed: z.string().nullish() }).nullish(),
  hits: z.object({ total: z.object({ value: z.int(), relation: z.literal("eq") }) }),
});

/** How many rows there are, and of which index (`_meta.last_indexed`). */
export type Total = { rows: number; lastIndexed: string | null };

/** `hits.total` of names that fit into a request, without any hit. */
export async function countTotal(
  client: SourceClient,
  base: string,
  names: readonly string[],
  window: Window,
  context: TaskContext,
): Promise<Total> {
  const url = pageUrl(base, { names, window, size: 0, after: null });
  const { hits, _meta } = (await requestJson(client, url, answerSchema, context)).data;
  return { rows: hits.total.value, lastIndexed: _meta?.last_indexed ?? null };
}

/**
 * How many rows of each list of names there are in some days, for each group of its names that fits into a request. One question answers all lists;
 * where its list of names is capped, a group with a name that is not in it is asked for once more.
 */
export async function countLists(
  client: SourceClient,
  base: string,
  lists: readonly (readonly string[])[],
  days: Window,
  context: TaskContext,
): Promise<{ counts: CountedNames[][]; answerMs: number }> {
  const { counts, total, capped, ms } = await countByName(client, base, days, context);
  const rowsOf = new Map(counts.map(({ name, count }) => [name, count]));
  const found: CountedNames[][] = [];
  for (const list of lists) {
    const groups: CountedNames[] = [];
    for (const names of groupNames(list)) {
      const isListed = !capped || names.every((name) => rowsOf.has(name));
      const listed = names.reduce((sum, name) => sum + (rowsOf.get(name) ?? 0), 0);
      const known = isEvery(names) ? total : isListed ? listed : null;
      groups.push({ names, rows: known ?? (await countTotal(client, base, names, days, context)).rows });
    }
    found.push(groups);
  }
  return { counts: found, answerMs: ms };
}
