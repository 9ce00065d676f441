import { complaints } from "../../pipeline/dataset/complaints.ts";
import { incompleteAnswer, outOfOrder, pageTooLarge, unknownFormat } from "../client/failures.ts";
import type { LandedSql } from "../landed-sql.ts";
import { repairPage } from "./page-repair.ts";

/** What a landed page says of itself. */
export type PageFacts = {
  /** `hits.total`: the whole count, on every page. */
  total: number;
  /** `_meta.last_indexed`: a day. */
  lastIndexed: string | null;
  hits: number;
  /** `<epoch ms>_<id>` of the first and the last hit; null on an empty page. */
  first: string | null;
  last: string | null;
  /** The file was written again, since some text in it was none. */
  isRepaired: boolean;
};

/** What is read of an answer, in DuckDB's words for JSON. */
const form = JSON.stringify({
  timed_out: "BOOLEAN",
  _shards: { failed: "INTEGER" },
  hits: {
    total: { value: "BIGINT", relation: "VARCHAR" },
    hits: [{ _source: { [complaints.key]: "VARCHAR" }, sort: ["VARCHAR"] }],
  },
  _meta: { last_indexed: "VARCHAR" },
});

/** Pairs as texts that sort like them: epoch milliseconds padded, then the id. */
const sql = `
  with page as (
    select unnest(from_json(content, '${form}')) from read_text($file)
  ),
  paired as (
    select *, list_transform(hits.hits, lambda hit: lpad(try_cast(hit.sort[1] as bigint)::varchar, 15, '0') || '_' || hit.sort[2]) as pairs
    from page
  )
  select hits.total.value, hits.total.relation, len(hits.hits),
    ltrim(pairs[1], '0'), ltrim(pairs[-1], '0'), _meta.last_indexed, timed_out, _shards.failed,
    len(list_filter(hits.hits, lambda hit: hit._source is null)) = 0 and len(list_filter(pairs, lambda pair: pair is null)) = 0,
    len(list_filter(list_zip(pairs, pairs[2:], true), lambda neighbors: neighbors[1] >= neighbors[2])) = 0
  from paired`;

/** Reads what paging needs out of landed pages. */
export class PageReader {
  readonly #landed: LandedSql;

  constructor(landed: LandedSql) {
    this.#landed = landed;
  }

  /** Throws a retryable error where the answer is cut or partial, `source_unexpected` where its form is unknown. */
  async read(file: string, url: string): Promise<PageFacts> {
    let isRepaired = false;
    const rowOf = async () => {
      try {
        return await this.#query(file);
      } catch (error) {
        isRepaired = isUnreadable(error) && (await repairPage(file));
        if (!isRepaired) throw readingFailure(url, file, error);
      }
      return this.#query(file).catch((error: unknown) => {
        throw readingFailure(url, file, error);
      });
    };
    const row = await rowOf();
    const unknown = (detail: string) => unknownFormat(url, detail, file);
    if (row === undefined) throw unknown("it is not one JSON object");
    const [total, relation, hits, first, last, lastIndexed, timedOut, failedShards, whole, ordered] = row;
    if (timedOut === true || Number(failedShards ?? 0) > 0) {
      throw incompleteAnswer(url, "source_partial", "its search timed out or reached only a part of the index");
    }
    if (total === null || hits === null) throw unknown("it has no `hits.hits` or no `hits.total`");
    if (relation !== "eq") throw unknown(`hits.total is not exact (${String(relation)})`);
    if (whole !== true) throw unknown("a hit has no `_source` or no `sort`");
    if (ordered !== true) throw outOfOrder(url, "a page's hits are not in the order that was asked for");
    return {
      total: Number(total),
      lastIndexed: lastIndexed === null ? null : String(lastIndexed),
      hits: Number(hits),
      first: first === null ? null : String(first),
      last: last === null ? null : String(last),
      isRepaired,
    };
  }

  async #query(file: string): Promise<unknown[] | undefined> {
    const rows = await this.#landed.query(sql, file);
    return rows.length === 1 ? rows[0] : undefined;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Whether a page is no JSON, or no text, as it stands. */
function isUnreadable(error: unknown): boolean {
  return /Malformed JSON|valid UTF-8/.test(messageOf(error));
}

function readingFailure(url: string, file: string, error: unknown): unknown {
  const message = messageOf(error);
  // A body of known length arrives whole or not at all; one that ends with its connection can only be parsed.
  if (isUnreadable(error)) return incompleteAnswer(url, "source_cut", "its JSON ends early or is damaged", error);
  if (/^Out of Memory/.test(message)) return pageTooLarge(url, error);
  if (/Invalid Input Error/.test(message))
    return unknownFormat(url, message.split("\n")[0]!.slice(0, 200), file, error);
  return error;
}
