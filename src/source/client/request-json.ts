import { text } from "node:stream/consumers";
import * as z from "zod";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { type SourceClient, searchAnswer } from "./client.ts";
import { incompleteAnswer, unknownFormat } from "./failures.ts";

/** What says that an answer is of a part of the index only. */
const partSchema = z.object({
  timed_out: z.boolean().optional(),
  _shards: z.object({ failed: z.number() }).optional(),
});

/**
 * Asks for an answer without hits, which fits into memory; of its form only what the schema names is looked at. `ms`: milliseconds that the answer
 * took.
 */
export async function requestJson<T>(
  client: SourceClient,
  url: string,
  schema: z.ZodType<T>,
  context: TaskContext,
): Promise<{ data: T; ms: number }> {
  return client.request(url, searchAnswer, context, async ({ body }, elapsed) => {
    const json = await text(body);
    const ms = elapsed();
    context.traffic.bytes += Buffer.byteLength(json);
    const parsed = parse(json, url);
    const answer = z.intersection(schema, partSchema).safeParse(parsed);
    if (!answer.success) {
      const issue = answer.error.issues[0];
      const where = issue?.path.join(".") || "the whole";
      throw unknownFormat(url, `${where}: ${issue?.message ?? "unreadable"}`, null, answer.error);
    }
    const { timed_out, _shards } = answer.data;
    if (timed_out === true || (_shards?.failed ?? 0) > 0) {
      throw incompleteAnswer(url, "source_partial", "its search timed out or reached only a part of the index");
    }
    return { data: answer.data, ms };
  });
}

function parse(json: string, url: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw incompleteAnswer(url, "source_cut", "its JSON ends early or is damaged", error);
  }
}
