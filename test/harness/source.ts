import type { LandingName } from "../../src/pipeline/steps/ports.ts";
import { bulkPath } from "../../src/sample/answers/bulk.ts";
import { ownBudgets } from "../../src/source/budget/own.ts";
import { CfpbSource, type SourceOptions } from "../../src/source/source.ts";
import { jumpingClock, temporaryFolder } from "./context.ts";

/** As many requests of each class as anybody wants. */
export const unlimited = {
  search: Number.POSITIVE_INFINITY,
  export: Number.POSITIVE_INFINITY,
  document: Number.POSITIVE_INFINITY,
};

/** A client of a test's source whose waits take no time, for as long as `use` takes. */
export async function withSource<T>(
  { url, asOf }: { url: string; asOf: string },
  change: Partial<SourceOptions>,
  use: (source: CfpbSource) => Promise<T>,
): Promise<T> {
  const clock = jumpingClock();
  const source = new CfpbSource({
    base: url,
    pageSize: 50,
    landing: temporaryFolder(),
    today: () => asOf,
    userAgent: "test",
    requestTimeoutMs: 10_000,
    policy: { retries: 3, delayMs: 60_000, longestMs: 3_600_000 },
    budgets: ownBudgets(unlimited, clock),
    clock,
    proxy: null,
    bulkFile: { url: new URL(bulkPath, url).href, proxy: null },
    ...change,
  });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

/** What names the landed files of a start: of a scope of its own, unless one is given. */
export function landingNamed(start: string, name = start): LandingName {
  const window = { from: "2026-01-01", to: "2026-12-31" };
  return { scope: { source: "live", names: [name], window, strategy: "pages" }, start };
}
