import { readFile } from "node:fs/promises";
import * as z from "zod";
import { checksum } from "../../files/checksum.ts";
import type { LandedFile } from "../../pipeline/flow/values.ts";
import type { Scope } from "../../pipeline/scope/scope.ts";
import type { LandedFiles, TaskContext } from "../../pipeline/steps/ports.ts";
import { type Day, earlier, type Window } from "../../pipeline/window/days.ts";
import { type SourceClient, searchAnswer } from "../client/client.ts";
import { indexMoved, outOfOrder } from "../client/failures.ts";
import { countTotal } from "../counts.ts";
import type { KeptFile, Landing } from "../landing.ts";
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

/** What is noted of a page, for a start that goes on from there. */
export const notedPage = z.object({
  /** Number of the group of names that was asked for. */
  group: z.number(),
  askedOn: z.string(),
  total: z.number(),
  lastIndexed: z.string().nullable(),
  hits: z.number(),
  first: z.string().nullable(),
  last: z.string().nullable(),
});
type NotedPage = z.infer<typeof notedPage>;

/** How far the pages of a scope are read. */
type Walk = {
  landed: number;
  /** Rows of the groups before. */
  before: number;
  size: number;
  askedOn: Day;
  lastIndexed: string | null | undefined;
};

/** Names that fit into a request, and how far their pages are read. */
type GroupWalk = {
  number: number;
  names: readonly string[];
  window: Window;
  first: Pick<PageFacts, "total" | "lastIndexed"> | undefined;
  seen: number;
  /** `<epoch ms>_<complaint id>` of the last hit. */
  after: string | null;
  isOver: boolean;
};

/**
 * Lands all rows of a scope, page by page with `search_after`; yields each file, first those that an earlier start has landed, where the source
 * still shows the same. Throws `index_moved` when the source's total or index changed between two pages: pages of two states do not add up.
 */
export async function* extractPages(
  options: ExtractOptions,
  { names: all, window }: Pick<Scope, "names" | "window">,
  kept: readonly KeptFile<NotedPage>[],
  context: TaskContext,
): LandedFiles {
  const { pageSize: size, today } = options;
  const walk: Walk = { landed: 0, before: 0, size, askedOn: today(), lastIndexed: undefined };
  const useful = await stillShown(options, { names: all, window }, kept, context);
  for (const [number, names] of groupNames(all).entries()) {
    const group: GroupWalk = { ...{ number, names, window, first: undefined, seen: 0 }, after: null, isOver: false };
    for (const { file, facts } of useful.filter((one) => one.facts.group === number)) {
      goOn(walk, group, facts, options.base);
      walk.askedOn = earlier(walk.askedOn, facts.askedOn);
      yield file;
    }
    if (walk.landed > 0 && group.first !== undefined) {
      const { task, report } = context;
      const rows = walk.before + group.seen;
      report({ type: "landed.reused", task, files: walk.landed, rows, total: walk.before + group.first.total });
    }
    while (!group.isOver) {
      const url = pageUrl(options.base, { names, window, size: walk.size, after: group.after });
      const page = await landPage(options, url, walk, number, context);
      if (typeof page === "number") {
        walk.size = page;
        continue;
      }
      goOn(walk, group, page.facts, url);
      yield page.file;
    }
    walk.before += group.first!.total;
  }
  return { expected: walk.before, lastIndexed: walk.lastIndexed ?? null, askedOn: walk.askedOn };
}

/** The pages that an earlier start has landed, where the source shows as many rows of the same index as it did then, of all names; else none. */
async function stillShown(
  { client, base, landing }: ExtractOptions,
  { names: all, window }: Pick<Scope, "names" | "window">,
  kept: readonly KeptFile<NotedPage>[],
  context: TaskContext,
): Promise<readonly KeptFile<NotedPage>[]> {
  for (const [number, names] of groupNames(all).entries()) {
    const noted = kept.find(({ facts }) => facts.group === number)?.facts;
    if (noted === undefined) continue;
    const { rows, lastIndexed } = await countTotal(client, base, names, window, context);
    if (rows === noted.total && lastIndexed === noted.lastIndexed) continue;
    await landing.clear();
    return [];
  }
  return kept;
}

/** Takes a page into the walk. */
function goOn(walk: Walk, group: GroupWalk, facts: Omit<PageFacts, "isRepaired">, url: string): void {
  walk.landed++;
  group.first ??= facts;
  walk.lastIndexed ??= facts.lastIndexed;
  if (facts.total !== group.first.total || facts.lastIndexed !== walk.lastIndexed)
    throw indexMoved(stateOf(group.first), stateOf(facts));
  if (group.after !== null && facts.first !== null && !isBefore(group.after, facts.first)) {
    throw outOfOrder(url, `a page goes back to ${facts.first} instead of going on after ${group.after}`);
  }
  group.seen += facts.hits;
  group.after = facts.last;
  group.isOver = facts.last === null || group.seen >= group.first.total;
}

/** Bytes of a page that is read as it came: some 36 MB take more memory to parse than a page may. */
const largestPage = 24_000_000;
/** Bytes that pages are asked for again in, once one was too large. */
const usualPage = 12_000_000;

/** A landed page, and what paging needs of it. Of one that is too large: how many rows to ask for instead, one at least. */
async function landPage(
  { client, landing, reader }: ExtractOptions,
  url: string,
  { landed, before, size, askedOn }: Walk,
  group: number,
  context: TaskContext,
): Promise<{ facts: PageFacts; file: LandedFile } | number> {
  const { task, report, traffic } = context;
  const page = landed + 1;
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
    const { isRepaired, ...noted } = facts;
    const written = isRepaired ? await checksum(received.path, context.signal) : received;
    const { hits: rows } = facts;
    const made = { format: "search-json" as const, rows, bytes: written.bytes, sha256: written.sha256 };
    const file = await landing.keep(name, made, { group, askedOn, ...noted } satisfies NotedPage);
    report({ type: "page.landed", task, page, rows, total: before + facts.total, bytes, strategy: "pages", ms });
    return { facts, file };
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

const stateOf = ({ total, lastIndexed }: Pick<PageFacts, "total" | "lastIndexed">) => ({ rows: total, lastIndexed });

/** True when the pair `<epoch ms>_<id>` stands before the other one: ids of one millisecond order as texts. */
function isBefore(one: string, other: string): boolean {
  const [ms = "", id = ""] = one.split("_");
  const [otherMs = "", otherId = ""] = other.split("_");
  return Number(ms) < Number(otherMs) || (ms === otherMs && id < otherId);
}
