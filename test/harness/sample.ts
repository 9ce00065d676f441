import { dayNumber, endOfDay } from "../../src/sample/dataset/clock.ts";
import { type GenerateOptions, generateRows } from "../../src/sample/dataset/generate.ts";
import type { Rows } from "../../src/sample/dataset/rows.ts";
import { timedIndex } from "../../src/sample/index/live-index.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { startSample } from "../../src/sample/server/server.ts";

export const jpmorgan = "JPMORGAN CHASE & CO.";
export const bankOfAmerica = "BANK OF AMERICA, NATIONAL ASSOCIATION";

/** Whether a request asks for rows of a name. */
export const isPageOf = (url: URL, name: string): boolean => url.searchParams.getAll("company").includes(name);

/** An in-process sample source whose day, answers and requests a test has in its hands. */
export type TestSource = {
  url: string;
  rows: Rows;
  /** The day it shows. */
  asOf: string;
  /** Every request so far. */
  requests: URL[];
  /** Looked at before each request; undefined: the true answer. */
  intercept: ((url: URL, number: number) => Fault | undefined | Promise<Fault | undefined>) | undefined;
  close(): Promise<void>;
};

export async function startTestSource(
  options: Partial<GenerateOptions> & { asOf?: string; until?: string } = {},
): Promise<TestSource> {
  const asOf = options.asOf ?? "2026-11-20";
  const rows = generateRows({
    scale: 0.02,
    companies: [jpmorgan, bankOfAmerica],
    ...options,
    lastDay: dayNumber(options.until ?? asOf),
  });
  const source: TestSource = { url: "", rows, asOf, requests: [], intercept: undefined, close: async () => undefined };
  const server = await startSample({
    index: timedIndex(rows),
    now: () => endOfDay(source.asOf),
    fault: ({ url }) => {
      source.requests.push(url);
      return source.intercept?.(url, source.requests.length);
    },
  });
  source.url = server.url;
  source.close = () => server.close();
  return source;
}
