import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import { PipelineError } from "../../src/run/errors.ts";
import { dayText } from "../../src/sample/dataset/clock.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { chooser, seedsUpTo } from "../harness/chooser.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testHome } from "../harness/home.ts";
import { runInProcess } from "../harness/in-process.ts";
import { bankOfAmerica, jpmorgan, startTestSource, type TestSource } from "../harness/sample.ts";
import { assertTrue } from "../harness/truth.ts";
import { query } from "../harness/warehouse.ts";

const histories = 200;

const startDate = "2026-01-01";
const texts = ["jpmorgan", "bank of america", "chime", "equifax"];
/** Faults that a run survives, and some that it does not. */
const faults: Fault[] = [
  { kind: "throttled", retryAfter: 0 },
  { kind: "answer", status: 503 },
  { kind: "html", status: 200 },
  { kind: "cut", bytes: 300 },
  { kind: "cut", bytes: 300, chunked: true },
  { kind: "reset" },
  { kind: "partial", sign: "shards" },
  { kind: "total", add: 1 },
  { kind: "ignore-company" },
  { kind: "field", change: "added", key: "mood" },
  { kind: "html", status: 403 },
  { kind: "total", factor: 0.5 },
];

describe("random histories of nights", () => {
  let source: TestSource;
  before(async () => {
    // A company takes another name on 2026-03-02, a name appears on 2026-05-04.
    source = await startTestSource({
      until: "2026-07-01",
      scale: 0.05,
      churn: 8,
      companies: [jpmorgan, bankOfAmerica, "Chime Financial Inc", "EQUIFAX, INC."],
    });
  });
  after(() => source.close());

  for (const seed of seedsUpTo(histories)) {
    it(`SEED=${seed}`, { timeout: 60_000 }, async () => {
      await history(seed);
    });
  }

  async function history(seed: number): Promise<void> {
    const { below, chance, among } = chooser(seed);
    const home = testHome(source, join(temporaryFolder(), "home"));
    let day = Date.parse("2026-02-20") / 86_400_000 + below(80);
    for (let night = 0; night < 4; night++) {
      day += chance(10) ? -below(3) : below(6);
      source.asOf = dayText(day);
      const companies = texts.filter(() => chance(60));
      if (companies.length === 0) companies.push(among(texts));
      const config = {
        startDate,
        companies,
        lookBackDays: among([0, 5, 30, 60, 200]),
        pageSize: among([20, 100, 10_000]),
      };
      source.intercept = disturbance(below, chance, among, day);
      if (chance(8)) {
        const env = {
          PIPELINE_START_DATE: startDate,
          PIPELINE_AS_OF: source.asOf,
          PIPELINE_COMPANIES: companies.join(","),
        };
        await home.die(String(1 + below(40)), { ...env, PIPELINE_PAGE_SIZE: "100" });
        continue;
      }
      const controller = new AbortController();
      let left = chance(10) ? 1 + below(40) : Number.POSITIVE_INFINITY;
      const report = await runInProcess({
        home: home.folder,
        source,
        config,
        signal: controller.signal,
        resetState: chance(10),
        skipDbt: chance(10),
        acceptWithdrawals: chance(50),
        emit: () => {
          if (--left === 0) controller.abort(cancelled);
        },
      });
      source.intercept = undefined;
      // Where the index moved meanwhile, a company may have been read before or after, but never in between.
      await windowsAreTrue(home.database, report, [...new Set([dayText(day), source.asOf])]);
    }
    // However it went, an undisturbed night makes it whole.
    source.intercept = undefined;
    // Where the source went back, the first of two sees that, and withdraws nothing.
    for (let isWell = false; !isWell; ) {
      day += 1;
      source.asOf = dayText(day);
      const config = { startDate, companies: texts, lookBackDays: 400 };
      const report = await runInProcess({ home: home.folder, source, config, acceptWithdrawals: true });
      assert.equal(report.error, null, JSON.stringify(report.error));
      assert.equal(report.companies.length, texts.length);
      await windowsAreTrue(home.database, report, [source.asOf]);
      isWell = !wasUnwell(report);
    }
    const whole = await query(
      home.database,
      `select count(*) - count(distinct complaint_id), (select count(*) from pipeline.state where loaded_through < '${source.asOf}')
       from raw.cfpb_complaints`,
    );
    assert.deepEqual(whole, [["0", "0"]], "no complaint twice, and every watermark at least here");
  }

  /** A fault at some request, or the index that moves on before it. */
  function disturbance(
    below: (bound: number) => number,
    chance: (percent: number) => boolean,
    among: <T>(list: readonly T[]) => T,
    day: number,
  ): TestSource["intercept"] {
    const at = 1 + below(12);
    const first = source.requests.length;
    if (chance(35)) {
      const fault = among(faults);
      const times = among([1, 1, 1, 99]);
      return (_url, number) => (number - first >= at && number - first < at + times ? fault : undefined);
    }
    if (!chance(15)) return undefined;
    return (_url, number) => {
      if (number - first === at) source.asOf = dayText(day + 1);
      return undefined;
    };
  }

  /** After each load: the warehouse has exactly the source's rows of each scope, as they were on one of the days. */
  async function windowsAreTrue(database: string, report: RunReport, days: string[]): Promise<void> {
    const keepsGone = wasUnwell(report);
    for (const { state, names, window: all, scopes = [{ window: all }] } of report.companies) {
      if (state !== "Completed" || !existsSync(database)) continue;
      for (const { window } of scopes) {
        const tries = await Promise.allSettled(
          days.map((asOf) => assertTrue({ database }, source, asOf, window, names, keepsGone)),
        );
        const failed = tries.filter((one) => one.status === "rejected");
        if (failed.length === tries.length) throw failed[0]!.reason;
      }
    }
  }
});

/** Nothing was withdrawn: the source was not well. */
const wasUnwell = ({ warnings }: RunReport) => warnings.some(({ code }) => code.startsWith("source_"));

const cancelled = new PipelineError({ code: "cancelled", message: "w", data: "d", next: "n" });
