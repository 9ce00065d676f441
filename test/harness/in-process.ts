import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { executeRun, type RunOptions } from "../../src/app/run.ts";
import { wireRun } from "../../src/app/wiring/run.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import type { Emit } from "../../src/run/events.ts";
import type { TestSource } from "./sample.ts";

export const fakeDbt = resolve("test/harness/fixtures/dbt");

export type InProcess = Partial<RunOptions> & {
  home: string;
  source: TestSource;
  config?: Partial<Config>;
  signal?: AbortSignal;
  emit?: Emit;
};

/** A run in this process, with waits that take no time and a dbt that is over at once. */
export async function runInProcess({
  home,
  source,
  config = {},
  signal,
  emit,
  ...options
}: InProcess): Promise<RunReport> {
  const { config: loaded } = loadConfig(
    { source: source.url, home, dbt: fakeDbt, asOf: source.asOf },
    undefined,
    "2099-01-01",
  );
  const quick = { retryDelaySeconds: 0.002, rates: { searches: 1e6, exports: 1e6, documents: 1e6 } };
  return executeRun(
    wireRun({ ...loaded, ...quick, ...config, database: join(home, "cfpb_complaints.duckdb") }, assert.fail),
    {
      resetState: false,
      skipDbt: false,
      acceptWithdrawals: false,
      acceptSource: false,
      trigger: "cli",
      sourceDay: source.asOf,
      ...options,
    },
    signal ?? new AbortController().signal,
    emit ?? (() => undefined),
  );
}
