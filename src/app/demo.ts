import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { ownHome } from "../config/home.ts";
import { loadConfig } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { makeFolder } from "../files/folder.ts";
import type { RunReport } from "../pipeline/report/report.ts";
import { addDays } from "../pipeline/window/days.ts";
import { PipelineError, usageError } from "../run/errors.ts";
import type { Emit } from "../run/events.ts";
import { startNights } from "../sample/server/nights.ts";
import { checkWritable } from "./home/record.ts";
import { executeRun, type RunOptions } from "./run.ts";
import { wireRun } from "./wiring/run.ts";

/** The file by which a folder is known as a demo's. */
const marker = "pipeline-demo.txt";
const firstNight = "2026-10-12";
const nights = 7;
/** The night whose second company cannot be read. */
const badNight = 4;
export const demoCompanies = ["JPMORGAN CHASE & CO.", "BANK OF AMERICA, NATIONAL ASSOCIATION"] as const;
const [, brokenCompany] = demoCompanies;

export type DemoOptions = {
  /** Replaces the demo that is there. */
  force: boolean;
  signal: AbortSignal;
  emit: Emit;
  /** Receives what a user should read of the warehouse. */
  onNotice(text: string): void;
  /** Is called before the first night. */
  onStart(): void;
  /** Is called after every run. `label` is the night, or says that the run was done again in the morning. */
  onNight(label: string, report: RunReport): void;
};

export type Demo = { home: string; reports: RunReport[] /** The id of the run that failed. */; failedRunId: string };

/** Makes a folder with a week of nights on made-up complaints, of which one fails and is retried. Throws where another one does. */
export async function runDemo(folder: string, options: DemoOptions): Promise<Demo> {
  // Made-up complaints live where `--source sample` looks for them: a run that is started here reads no real ones.
  const home = ownHome(folder, "sample");
  makeDemoFolder(folder, home, options.force);
  options.onStart();
  const source = await startNights(demoCompanies, addDays(firstNight, nights - 1));
  const reports: RunReport[] = [];
  const night = async (asOf: string, run: Partial<RunOptions>, label: string): Promise<RunReport> => {
    const { config } = loadConfig(settingsOf(home, source.url, asOf), undefined, asOf);
    // Nobody is notified of failures that are made up.
    const wiring = wireRun({ ...config, notify: { on: [] } }, options.onNotice);
    const runOptions = { ...plain, ...run, sourceDay: asOf, sourceIdentity: "sample" };
    const report = await executeRun(wiring, runOptions, options.signal, options.emit);
    reports.push(report);
    options.onNight(label, report);
    options.signal.throwIfAborted();
    return report;
  };
  try {
    for (let i = 0; i < nights; i++) {
      const asOf = addDays(firstNight, i);
      source.moveTo(asOf);
      source.breakFor(i === badNight ? brokenCompany : null);
      const report = await night(asOf, { trigger: "schedule" }, asOf);
      if (i !== badNight) {
        assertCompleted(report);
        continue;
      }
      source.breakFor(null);
      assertCompleted(await night(asOf, { trigger: "retry", retryOf: retryOf(report, asOf) }, "  in the morning"));
    }
  } finally {
    await source.close();
  }
  return { home, reports, failedRunId: reports[badNight]!.runId };
}

/** Of everything that a folder may hold, a demo alone was made to be thrown away. */
function makeDemoFolder(folder: string, home: string, force: boolean): void {
  checkWritable(home);
  if (existsSync(folder)) {
    if (!force) {
      const next = "Name another folder with --home, or make the demo anew with --force.";
      throw usageError(`${folder} is there already.`, next);
    }
    if (!existsSync(join(folder, marker))) {
      const next = "Name another folder with --home, or remove it yourself.";
      throw usageError(`${folder} was not made by \`pipeline demo\`.`, next);
    }
    rmSync(folder, { recursive: true });
  }
  makeFolder(home);
  writeFileSync(join(folder, marker), "Made by `pipeline demo`; `pipeline demo --force` makes it anew.\n");
  const head = "# Whatever runs in this home reads what the demo has read.\n";
  writeFileSync(join(folder, "pipeline.yaml"), `${head}${stringify(loads)}`);
}

function assertCompleted({ state, error }: RunReport): void {
  if (state !== "Completed") throw new PipelineError(error!);
}

const plain: RunOptions = {
  resetState: false,
  skipDbt: false,
  acceptWithdrawals: false,
  acceptSource: false,
  trigger: "schedule",
};

function retryOf({ runId, startedAt: since }: RunReport, asOf: string) {
  return { runIds: [runId], since, asOf, acceptsOtherLoads: true };
}

/** What the demo loads. */
const loads = { source: "sample", companies: [...demoCompanies], startDate: "2025-01-01", lookBackDays: 60 };

/** The user's own settings as far as they are about this machine; what is loaded is the demo's. */
function settingsOf(home: string, source: string, asOf: string): Partial<Settings> {
  return {
    ...loads,
    ...{ home, source, asOf },
    ...{ database: join(home, "cfpb_complaints.duckdb"), retries: 1, retryDelaySeconds: 0.2 },
    rates: { searches: 100_000, exports: 100_000, documents: 100_000 },
  };
}
