import { readFile } from "node:fs/promises";
import { checksum } from "../../files/checksum.ts";
import type { LandedFile } from "../../pipeline/flow/values.ts";
import type { Scope } from "../../pipeline/scope/scope.ts";
import type { LandedFiles, TaskContext } from "../../pipeline/steps/ports.ts";
import type { Day } from "../../pipeline/window/days.ts";
import { type SourceClient, searchAnswer } from "../client/client.ts";
import { indexMoved, outOfOrder } from "../client/failures.ts";
import type { Landing } from "../landing.ts";
import { groupNames, pageUrl } from "../urls.ts";
import { freeReceivedChunks } from "./free-chunks.ts";
import type { PageFacts, PageReader } from "./page-facts.ts";

export type ExtractOptions = {
  base: string;
  pageSize: number;
  today(): Day;
  client: SourceClient;
  reader: PageReader;
  landing: Landing;
};

/**
 * Lands all rows of a scope, page by page with `search_after`; yields each file. Throws `index_moved` when the source's total or
 * index changed between two pages: pages of two states do not add up.
 */
export async function* extractPages(
  options: ExtractOptions,
  { names, window }: Pick<Scope, "names" | "window">,
  context: TaskContext,
): LandedFiles {
  let landed = 0;
  let expected = 0;
  let lastIndexed: string | null | undefined;
  let size = options.pageSize;
  for (const group of groupNames(names)) {
    let first: PageFacts | undefined;
    let seen = 0;
    for (let after: string | null = null; ; ) {
      const url = pageUrl(options.base, { names: group, window, size, after });
      const page = await landPage(options, url, { page: landed + 1, size, before: expected }, context);
      if (typeof page === "number") {
        size = page;
        continue;
      }
      const { facts, file } = page;
      landed++;
      first ??= facts;
      lastIndexed ??= facts.lastIndexed;
      if (facts.total !== first.total || facts.lastIndexed !== lastIndexed)
        throw indexMoved(stateOf(first), stateOf(facts));
      if (after !== null && facts.first !== null && !isBefore(after, facts.first)) {
        throw outOfOrder(url, `a page goes back to ${facts.first} instead of going on after ${after}`);
      }
      yield file;
      seen += facts.hits;
      if (facts.last === null || seen >= first.total) break;
      after = facts.last;
    }
    expected += first.total;
  }
  return { expected, lastIndexed: lastIndexed ?? null, askedOn: options.today() };
}

/** Bytes of a page that is read as it came: some 36 MB take more memory to parse than a page may. */
const largestPage = 24_000_000;
/** Bytes that pages are asked for again in, once one was too large. */
const usualPage = 12_000_000;

/** A landed page, and what paging needs of it. Of one that is too large: how many rows to ask for instead, one at least. */
async function landPage(
  options: ExtractOptions,
  url: string,
  { page, size, before }: { page: number; size: number /** Rows of the groups before. */; before: number },
  context: TaskContext,
): Promise<{ facts: PageFacts; file: LandedFile } | number> {
  const { client, landing, reader } = options;
  const { task, report, traffic } = context;
  const name = `page-${String(page).padStart(6, "0")}.json`;
  return client.request(url, searchAnswer, context, async ({ body }, elapsed) => {
    const received = await landing.receive(name, body);
    const ms = elapsed();
    const { bytes } = received;
    freeReceivedChunks();
    traffic.bytes += bytes;
    report({ type: "page.received", task, page, bytes });
    if (bytes > largestPage && size > 1) {
      const came = Math.min(await countHits(received.path), size);
      return Math.max(Math.floor((came * usualPage) / bytes), 1);
    }
    const facts = await reader.read(received.path, url);
    const written = facts.isRepaired ? await checksum(received.path, context.signal) : received;
    const path = await landing.keep(name);
    const { hits: rows } = facts;
    report({ type: "page.landed", task, page, rows, total: before + facts.total, bytes, strategy: "pages", ms });
    return { facts, file: { path, format: "search-json", rows, bytes: written.bytes, sha256: written.sha256 } };
  });
}

/** Hits of a page, without parsing it: within a text the quotation marks of the key have a backslash before them. */
async function countHits(file: string): Promise<number> {
  const bytes = await readFile(file);
  let count = 0;
  for (let at = bytes.indexOf(hitKey); at >= 0; at = bytes.indexOf(hitKey, at + hitKey.length)) count++;
  return count;
}

const hitKey = '"_source"';

const stateOf = ({ total, lastIndexed }: PageFacts) => ({ rows: total, lastIndexed });

/** True when the pair `<epoch ms>_<id>` stands before the other one: ids of one millisecond order as texts. */
function isBefore(one: string, other: string): boolean {
  const [ms = "", id = ""] = one.split("_");
  const [otherMs = "", otherId = ""] = other.split("_");
  return Number(ms) < Number(otherMs) || (ms === otherMs && id < otherId);
}
