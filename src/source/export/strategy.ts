import * as z from "zod";
import { names, window } from "../../pipeline/flow/values.ts";
import { areSameNames } from "../../pipeline/names/name-list.ts";
import { cutEvenly } from "../../pipeline/plan/days.ts";
import type { Cost, CountedNames } from "../../pipeline/scope/strategy.ts";
import type { LandingName, Strategy, TaskContext } from "../../pipeline/steps/ports.ts";
import { type Day, earlier, type Window } from "../../pipeline/window/days.ts";
import type { RequestKind, SourceClient } from "../client/client.ts";
import { exportTooLarge, incompleteAnswer, indexMoved } from "../client/failures.ts";
import { countTotal, type Total } from "../counts.ts";
import type { LandedSql } from "../landed-sql.ts";
import { Landing } from "../landing.ts";
import { exportUrl, groupNames } from "../urls.ts";
import { countRowsOf } from "./export-rows.ts";

export type ExportOptions = {
  /** Address of the search API, with its trailing slash. */
  base: string;
  client: SourceClient;
  /** Where answers are landed. */
  landing: string;
  landedSql(): Promise<LandedSql>;
  today(): Day;
};

const exportAnswer: RequestKind = { rateClass: "export", mediaTypes: ["text/csv"] };

/** Rows that the source exports at most. Source: docs/source.md. */
const mostRows = 100_000;

/** Bytes of a complaint in an export, without its text: an average over the embedded source's. */
const bytesPerRow = 300;

/** What it takes to export rows of so many of each group of names: a count and the export for each group. */
export function exportCost(counts: readonly CountedNames[]): Cost {
  const rows = counts.reduce((sum, one) => sum + one.rows, 0);
  return { requests: { search: counts.length, export: counts.length, document: 0 }, bytes: rows * bytesPerRow };
}

/** Reads a scope as CSV, each group of names at once: an export is of one state of the index. */
export function exportStrategy(options: ExportOptions): Strategy {
  const { today } = options;
  const landingOf = (name: LandingName) => new Landing(options.landing, name);
  return {
    rowsPerRequest: mostRows,
    cost: exportCost,
    async *extract({ names, window }, name, context) {
      const landing = landingOf(name);
      try {
        const kept = await landing.takeOver(notedExport, context.signal);
        let number = 0;
        let before = 0;
        let askedOn = today();
        let lastIndexed: string | null = null;
        for (const group of groupNames(names)) {
          for await (const part of countParts(options, group, window, context)) {
            const { total } = part;
            if (number > 0 && total.lastIndexed !== lastIndexed)
              throw indexMoved({ rows: total.rows, lastIndexed }, total);
            lastIndexed = total.lastIndexed;
            const asked = { ...part, number: ++number, before };
            const earlierFile = kept.find(({ facts }) => isSame(facts, asked));
            if (earlierFile !== undefined) {
              askedOn = earlier(askedOn, earlierFile.facts.askedOn);
              const { task, report } = context;
              const rows = before + total.rows;
              report({ type: "landed.reused", task, files: number, rows, total: rows });
            }
            yield earlierFile?.file ?? (await landExport(options, landing, asked, context));
            before += total.rows;
          }
        }
        return { expected: before, lastIndexed, askedOn };
      } finally {
        await landing.leave();
      }
    },
    discard: (name) => landingOf(name).remove(),
  };
}

/** Names and days that one export may have, with what the source shows of them. */
type CountedPart = { group: readonly string[]; window: Window; total: Total };

type Asked = CountedPart & {
  /** From 1. */
  number: number;
  /** Rows of the exports before. */
  before: number;
};

/** What is noted of an export, for a start that goes on from there. */
const notedExport = z.object({
  names,
  window,
  rows: z.number(),
  lastIndexed: z.string().nullable(),
  askedOn: z.string(),
});
type NotedExport = z.infer<typeof notedExport>;

/** Whether an export was of these names and days, and as many rows of the same index. */
function isSame(noted: NotedExport, { group, window, total }: CountedPart): boolean {
  return (
    areSameNames(noted.names, group) &&
    noted.window.from === window.from &&
    noted.window.to === window.to &&
    noted.rows === total.rows &&
    noted.lastIndexed === total.lastIndexed
  );
}

/** The days, cut in halves until an export may have each: there may be more rows than there were when they were planned. */
async function* countParts(
  options: ExportOptions,
  group: readonly string[],
  window: Window,
  context: TaskContext,
): AsyncGenerator<CountedPart> {
  const total = await countTotal(options.client, options.base, group, window, context);
  if (total.rows <= mostRows) {
    yield { group, window, total };
    return;
  }
  const halves = cutEvenly([{ days: window, rows: 0 }], 2);
  if (halves.length === 1) throw exportTooLarge(total.rows, mostRows, window.from);
  for (const { days } of halves) yield* countParts(options, group, days, context);
}

/** Lands one export. It may end early and cleanly: only the count that was asked for before shows that. */
async function landExport(
  { base, client, landedSql, today }: ExportOptions,
  landing: Landing,
  { number, group, window, before, total }: Asked,
  context: TaskContext,
) {
  const { task, report, traffic } = context;
  const landed = await landedSql();
  const name = `export-${String(number).padStart(6, "0")}.csv`;
  const url = exportUrl(base, { names: group, window });
  return client.request(url, exportAnswer, context, async ({ body }, elapsed) => {
    const { path: unfinished, bytes, sha256 } = await landing.receive(name, body);
    const ms = elapsed();
    traffic.bytes += bytes;
    report({ type: "page.received", task, page: number, bytes });
    const rows = await countRowsOf(unfinished, url, landed);
    if (rows !== total.rows) {
      const now = await countTotal(client, base, group, window, context);
      if (now.rows !== total.rows || now.lastIndexed !== total.lastIndexed) throw indexMoved(total, now);
      throw incompleteAnswer(url, "source_cut", `it has ${rows} of ${total.rows} rows`);
    }
    const noted = { names: [...group], window, ...total, askedOn: today() } satisfies NotedExport;
    const file = await landing.keep(name, { format: "export-csv", rows, bytes, sha256 }, noted);
    report({
      type: "page.landed",
      task,
      page: number,
      rows,
      total: before + total.rows,
      bytes,
      strategy: "export",
      ms,
    });
    return file;
  });
}
