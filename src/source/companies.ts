import * as z from "zod";
import type { SourceIndex } from "../pipeline/health/health.ts";
import {
  type Candidates,
  isEqualName,
  matchNames,
  namesHolding,
  nearestNames,
  searchTermOf,
} from "../pipeline/names/names.ts";
import type { FoundNames, TaskContext } from "../pipeline/steps/ports.ts";
import type { Window } from "../pipeline/window/days.ts";
import type { CompanyName } from "../run/name-notes.ts";
import type { SourceClient } from "./client/client.ts";
import { requestJson } from "./client/request-json.ts";
import { namesInDaysUrl, namesUrl } from "./urls.ts";

/** The parts of a `size=0` answer that are read; everything else may change. */
const answerSchema = z.object({
  _meta: z
    .object({
      last_indexed: z.string().nullish(),
      is_data_stale: z.boolean().nullish(),
      has_data_issue: z.boolean().nullish(),
    })
    .nullish(),
  hits: z.object({ total: z.object({ value: z.int() }) }).nullish(),
  aggregations: z.object({
    company: z.object({
      company: z.object({
        sum_other_doc_count: z.number(),
        buckets: z.array(z.object({ key: z.string(), doc_count: z.number() })),
      }),
    }),
  }),
});

/**
 * The names at the source that each text may mean. One question answers all texts; where its list of names is capped
 * (6,500, and there are more), each text that equals none of them asks once more; what the list has counts all the same.
 */
export async function findNames(
  client: SourceClient,
  base: string,
  texts: readonly string[],
  context: TaskContext,
): Promise<FoundNames> {
  const all = await companyBuckets(client, namesUrl(base), context);
  const candidates: Candidates[] = [];
  for (const company of texts) {
    let { names } = all;
    let isWhole = !all.capped;
    const term = searchTermOf(company);
    if (all.capped && term !== "" && !names.some(({ name }) => isEqualName(name, company))) {
      const found = await companyBuckets(client, namesUrl(base, term), context);
      const more = found.names.filter(({ name }) => !all.names.some((one) => one.name === name));
      names = [...all.names, ...more];
      isWhole = !found.capped;
    }
    const matches = matchNames(company, names);
    const suggestions = matches.length === 0 ? nearestNames(company, all.names) : [];
    candidates.push({ company, matches, holding: isWhole ? namesHolding(company, names) : null, suggestions });
  }
  return { candidates, index: all.index };
}

/** How many rows each name has in some days, and all together; `capped` where there are more names than the source lists. */
export async function countByName(
  client: SourceClient,
  base: string,
  days: Window,
  context: TaskContext,
): Promise<{ counts: CompanyName[]; total: number | null; capped: boolean; ms: number }> {
  const { names, index, capped, ms } = await companyBuckets(client, namesInDaysUrl(base, days), context);
  return { counts: names, total: index.rows, capped, ms };
}

async function companyBuckets(
  client: SourceClient,
  url: string,
  context: TaskContext,
): Promise<{
  names: CompanyName[];
  index: SourceIndex;
  capped: boolean;
  ms: number;
}> {
  const { data, ms } = await requestJson(client, url, answerSchema, context);
  const { aggregations, hits, _meta } = data;
  const { buckets, sum_other_doc_count } = aggregations.company.company;
  return {
    names: buckets.map(({ key, doc_count }) => ({ name: key, count: doc_count })),
    index: {
      rows: hits?.total.value ?? null,
      lastIndexed: _meta?.last_indexed ?? null,
      isStale: _meta?.is_data_stale ?? false,
      hasIssue: _meta?.has_data_issue ?? false,
    },
    capped: sum_other_doc_count > 0,
    ms,
  };
}
