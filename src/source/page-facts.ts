import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { incompleteAnswer, unknownForm } from "./failures.ts";

/** What a landed page says of itself. */
export type PageFacts = {
  /** `hits.total`: the whole count, on every page. */
  total: number;
  /** `_meta.last_indexed`: a day. */
  lastIndexed: string | null;
  hits: number;
  /** `<epoch ms>_<id>` of the last hit; null on an empty page. */
  last: string | null;
};

const columns = `{
  timed_out: 'BOOLEAN',
  _shards: 'STRUCT(failed INTEGER)',
  hits: 'STRUCT(total STRUCT("value" BIGINT, relation VARCHAR), hits STRUCT(sort VARCHAR[])[])',
  _meta: 'STRUCT(last_indexed VARCHAR)'
}`;

/** Reads what paging needs out of landed pages, in an in-memory DuckDB: no row passes through JavaScript (invariant 5). */
export class PageReader {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<PageReader> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: "1",
      memory_limit: "256MB",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    return new PageReader(instance, await instance.connect());
  }

  /** Throws a retryable error where the answer is cut or partial, `source_unexpected` where its form is unknown. */
  async read(file: string, bytes: number, url: string): Promise<PageFacts> {
    // One connection runs one query at a time.
    const turn = this.#queue.then(() => this.#query(file, bytes, url));
    this.#queue = turn.catch(() => undefined);
    const row = await turn;
    if (row === undefined) throw unknownForm(url, "it is not one JSON object");
    const [total, relation, hits, last, lastIndexed, timedOut, failedShards] = row;
    if (timedOut === true || Number(failedShards ?? 0) > 0) {
      throw incompleteAnswer(url, "source_partial", "its search timed out or reached only a part of the index");
    }
    if (total === null || hits === null) throw unknownForm(url, "it has no `hits.hits` or no `hits.total`");
    if (relation !== "eq") throw unknownForm(url, `hits.total is not exact (${String(relation)})`);
    if (Number(hits) > 0 && last === null) throw unknownForm(url, "its last hit has no `sort`");
    return {
      total: Number(total),
      lastIndexed: lastIndexed === null ? null : String(lastIndexed),
      hits: Number(hits),
      last: last === null ? null : String(last),
    };
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #query(file: string, bytes: number, url: string): Promise<unknown[] | undefined> {
    const size = Math.max(bytes + 1024, 1024 * 1024);
    try {
      const result = await this.#connection.runAndReadAll(
        `select hits.total.value, hits.total.relation, len(hits.hits),
           hits.hits[-1].sort[1] || '_' || hits.hits[-1].sort[2], _meta.last_indexed, timed_out, _shards.failed
         from read_json($file, columns = ${columns}, maximum_object_size = ${size})`,
        { file },
      );
      const rows = result.getRows();
      return rows.length === 1 ? rows[0] : undefined;
    } catch (error) {
      // A body of known length arrives whole or not at all; one that ends with its connection can only be parsed.
      const message = error instanceof Error ? error.message : String(error);
      if (/Malformed JSON/.test(message))
        throw incompleteAnswer(url, "source_cut", "its JSON ends early or is damaged", error);
      if (/Invalid Input Error/.test(message)) throw unknownForm(url, message.split("\n")[0]!.slice(0, 200), error);
      throw error;
    }
  }
}
