import type { Cost, CountedNames } from "../../pipeline/scope/strategy.ts";
import type { LandingName, Strategy } from "../../pipeline/steps/ports.ts";
import type { Day } from "../../pipeline/window/days.ts";
import type { SourceClient } from "../client/client.ts";
import type { LandedSql } from "../landed-sql.ts";
import { Landing } from "../landing.ts";
import { PageReader } from "./page-facts.ts";
import { extractPages, notedPage } from "./pages.ts";

export type PagesOptions = {
  /** Address of the search API, with its trailing slash. */
  base: string;
  /** Hits a page asks for, at most 10,000. */
  pageSize: number;
  client: SourceClient;
  /** Where answers are landed. */
  landing: string;
  landedSql(): Promise<LandedSql>;
  today(): Day;
};

/** Bytes of a complaint in an answer, without its text: an average over recorded answers. */
const bytesPerRow = 640;

/** What it takes to read rows of so many of each group of names: a page for every started page size, one at least. */
export function pagesCost(counts: readonly CountedNames[], pageSize: number): Cost {
  const expected = counts.reduce((sum, { rows }) => sum + rows, 0);
  const requests = counts.reduce((sum, { rows }) => sum + Math.max(Math.ceil(rows / pageSize), 1), 0);
  return { requests: { search: requests, export: 0, document: 0 }, bytes: expected * bytesPerRow };
}

/** Reads a scope page by page with the search API. */
export function pagesStrategy(options: PagesOptions): Strategy {
  const { base, pageSize, client, today } = options;
  const landingOf = (name: LandingName) => new Landing(options.landing, name);
  return {
    rowsPerRequest: pageSize,
    cost: (counts) => pagesCost(counts, pageSize),
    async *extract(scope, name, context) {
      const landing = landingOf(name);
      try {
        const kept = await landing.takeOver(notedPage, context.signal);
        const reader = new PageReader(await options.landedSql());
        return yield* extractPages({ base, pageSize, today, client, reader, landing }, scope, kept, context);
      } finally {
        await landing.leave();
      }
    },
    discard: (name) => landingOf(name).remove(),
  };
}
