import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FlowSettings, runFlow } from "../../src/pipeline/flow/flow.ts";
import type { Schedule } from "../../src/pipeline/flow/values.ts";
import type { Part } from "../../src/pipeline/scope/scope.ts";
import { stepHandlers } from "../../src/pipeline/steps/handlers.ts";
import type { Transform } from "../../src/pipeline/steps/ports.ts";
import { LocalEngine } from "../../src/runtime/local/engine.ts";
import { openWarehouse } from "../../src/warehouse/open.ts";
import { jumpingClock, temporaryFolder } from "../harness/context.ts";
import { throughJson } from "../harness/engines.ts";
import { splitInto } from "../harness/plans.ts";
import { bankOfAmerica, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { withSource } from "../harness/source.ts";
import { query } from "../harness/warehouse.ts";

/** dbt that has nothing to build. */
const transform: Transform = {
  project: () => "p",
  warmUp: () => undefined,
  build: async () => ({
    ...{ state: "Completed", models: 0, tests: 0, failures: 0, warnings: 0, nodes: [], failed: [], marts: [] },
  }),
};

const months = (from: string, to: string): Part[] => {
  const starts = [from];
  for (let month = from.slice(0, 7); ; ) {
    const [year, number] = month.split("-").map(Number) as [number, number];
    month = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
    if (`${month}-01` > to) break;
    starts.push(`${month}-01`);
  }
  return starts.map((start, i) => {
    const next = starts[i + 1];
    const end = next === undefined ? to : new Date(Date.parse(next) - 86_400_000).toISOString().slice(0, 10);
    return { window: { from: start, to: end }, strategy: "pages" };
  });
};

describe("a run whose windows are read in scopes", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  /** Runs once through the real source and a DuckDB file; each window a month at a time, or as a whole. */
  async function run(home: string, asOf: string, isSplit: boolean) {
    source.asOf = asOf;
    const path = join(home, "test.duckdb");
    const options = { memoryLimit: "512MB", threads: 2, relations: [], published: join(home, "published") };
    const warehouse = openWarehouse(path, options, () => undefined);
    try {
      return await withSource(source, {}, async (cfpb) => {
        const report = () => undefined;
        const handlers = stepHandlers({ source: cfpb, warehouse, transform, report });
        const engine = new LocalEngine({
          handlers: {
            ...handlers,
            async plan(input, context) {
              const planned = (await handlers.plan(input, context)) as Schedule;
              return splitInto(planned, ({ window }) => (isSplit ? months(window.from, window.to) : undefined));
            },
          },
          ...{ signal: new AbortController().signal, report, clock: jumpingClock() },
          policy: { retries: 2, delayMs: 1, longestMs: 10 },
        });
        const settings: FlowSettings = {
          file: null,
          ...{ runId: `${asOf} ${isSplit}`, source: "live", companies: ["jpmorgan", "bank of america"] },
          ...{
            startDate: "2026-03-01",
            asOf,
            lookBackDays: 90,
            strategy: "auto",
            limits: { search: null, export: null, document: null },
            timings: {},
            resetState: false,
            acceptWithdrawals: false,
            health: { onTrouble: "warn" as const, mostGone: 0.05 },
          },
          ...{ skipDbt: false, retryOf: null, backfill: null, extractTimeoutMs: 60_000, dbtTimeoutMs: 60_000 },
        };
        const { outcome, error } = await runFlow(throughJson(engine), settings, await warehouse.states());
        assert.equal(error, null);
        return outcome!;
      });
    } finally {
      await warehouse.close();
    }
  }

  it("loads the same rows, changes and ranges as one whose windows are read at once, night after night", async () => {
    const [whole, split] = [temporaryFolder(), temporaryFolder()];
    for (const asOf of ["2026-08-10", "2026-10-01", "2026-11-20"]) {
      await run(whole, asOf, false);
      const { companies } = await run(split, asOf, true);
      for (const { error, scopes, reconciled } of companies) {
        assert.equal(error, null);
        assert.ok(scopes.length > 2 && reconciled !== null);
      }
    }
    for (const sql of [
      "select * exclude (_load_id, _loaded_at, _deleted_at), _deleted_at is null from raw.cfpb_complaints order by complaint_id",
      "select * exclude (_load_id, _loaded_at) from raw.cfpb_complaint_changes order by all",
      "select * exclude (load_id, run_id, committed_at) from pipeline.state order by company",
      "select * from pipeline.loaded_days order by all",
    ]) {
      const rows = await query(join(split, "test.duckdb"), sql);
      assert.ok(rows.length > 0, sql);
      assert.deepEqual(rows, await query(join(whole, "test.duckdb"), sql), sql);
    }
    const names = await query(
      join(split, "test.duckdb"),
      "select distinct company from raw.cfpb_complaints order by 1",
    );
    assert.deepEqual(names, [[bankOfAmerica], [jpmorgan]]);
  });
});
