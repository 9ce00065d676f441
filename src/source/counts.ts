import * as z from "zod";
import type { CountedNames } from "../pipeline/scope/strategy.ts";
import type { TaskContext } from "../pipeline/steps/ports.ts";
import type { Window } from "../pipeline/window/days.ts";
import type { SourceClient } from "./client/client.ts";
import { requestJson } from "./client/request-json.ts";
import { groupNames, pageUrl } from "./urls.ts";

const answerSchema = z.object({ hits: z.object({ total: z.object({ value: z.int(), relation: z.literal("eq") }) }) });

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
    const url = pageUrl(base, { names: group, window, size: 0, after: null });
    const { hits } = await requestJson(client, url, answerSchema, context);
    counts.push({ names: group, rows: hits.total.value });
  }
  return counts;
}
