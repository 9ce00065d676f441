import type { Window } from "../pipeline/days.ts";
import { PipelineError } from "../pipeline/errors.ts";
import type { Pages, TaskContext } from "../pipeline/ports.ts";
import type { SourceClient } from "./client.ts";
import { outOfOrder } from "./failures.ts";
import type { Landing } from "./landing.ts";
import type { PageFacts, PageReader } from "./page-facts.ts";
import { pageUrl, walksOf } from "./questions.ts";
import { collectChunks } from "./young-garbage.ts";

export type PagesOptions = {
  base: string;
  pageSize: number;
  client: SourceClient;
  reader: PageReader;
  landing: Landing;
};

/**
 * Lands all rows of names and window, page by page with `search_after`; yields each file. Throws `index_moved` when the source's total or
 * index changed between two pages: pages of two states do not add up.
 */
export async function* extractPages(
  options: PagesOptions,
  names: readonly string[],
  window: Window,
  context: TaskContext,
): Pages {
  let landed = 0;
  let expected = 0;
  let lastIndexed: string | null | undefined;
  for (const walk of walksOf(names)) {
    let first: PageFacts | undefined;
    let seen = 0;
    for (let after: string | null = null; ; ) {
      const url = pageUrl(options.base, { names: walk, window, size: options.pageSize, after });
      const facts = await landPage(options, url, ++landed, context);
      first ??= facts;
      lastIndexed ??= facts.lastIndexed;
      if (facts.total !== first.total || facts.lastIndexed !== lastIndexed) throw indexMoved(first, facts);
      if (after !== null && facts.first !== null && !isBefore(after, facts.first)) {
        throw outOfOrder(url, `a page goes back to ${facts.first} instead of going on after ${after}`);
      }
      yield options.landing.path(landed);
      seen += facts.hits;
      if (facts.last === null || seen >= first.total) break;
      after = facts.last;
    }
    expected += first.total;
  }
  return { expected, lastIndexed: lastIndexed ?? null };
}

async function landPage(options: PagesOptions, url: string, page: number, context: TaskContext): Promise<PageFacts> {
  const { client, landing, reader } = options;
  const { task, report } = context;
  return client.ask(url, context, async ({ body }) => {
    const { file, bytes } = await landing.receive(page, body);
    collectChunks();
    client.traffic.bytes += bytes;
    report({ type: "page.received", task, page, bytes });
    const facts = await reader.read(file, url);
    await landing.keep(page);
    report({ type: "page.landed", task, page, rows: facts.hits, total: facts.total, bytes });
    return facts;
  });
}

function indexMoved(first: PageFacts, now: PageFacts): PipelineError {
  const state = ({ total, lastIndexed }: PageFacts) => `${total} rows as of ${lastIndexed ?? "an unknown day"}`;
  return new PipelineError({
    code: "index_moved",
    what: `The source's index changed while its pages were read: ${state(first)} became ${state(now)}.`,
    data: "Nothing of this mixture was loaded; what was loaded before stands.",
    next: "Run again: the same days are read anew.",
  });
}

/** True when the pair `<epoch ms>_<id>` stands before the other one: ids of one millisecond order as texts. */
function isBefore(one: string, other: string): boolean {
  const [ms = "", id = ""] = one.split("_");
  const [otherMs = "", otherId = ""] = other.split("_");
  return Number(ms) < Number(otherMs) || (ms === otherMs && id < otherId);
}
