import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stringify } from "yaml";
import { checkWritable } from "../../app/home-record.ts";
import { executeRun, type RunOptions } from "../../app/run.ts";
import { wireRun } from "../../app/wiring/run.ts";
import { ownHome } from "../../config/home.ts";
import { loadConfig } from "../../config/load.ts";
import type { Settings } from "../../config/schema.ts";
import { makeFolder } from "../../files/folder.ts";
import { formatCount, formatDuration } from "../../pipeline/report/format.ts";
import type { RunReport } from "../../pipeline/report/report.ts";
import { addDays } from "../../pipeline/window/days.ts";
import { PipelineError } from "../../run/errors.ts";
import type { RunEvent } from "../../run/events.ts";
import { runName } from "../../run/run-name.ts";
import { startNights } from "../../sample/server/nights.ts";
import { programName } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { cancelOnSignals, ofRun } from "../signals.ts";
import { printNotice } from "../terminal/console.ts";
import { type Style, styleFor } from "../terminal/style.ts";
import { wrong } from "../usage-error.ts";

export type DemoOptions = GlobalOptions & { force?: boolean; serve?: boolean; port: string };

/** Says of a folder that it is a demo's. */
const marker = "pipeline-demo.txt";
const firstNight = "2026-10-12";
const nights = 7;
/** The night whose second company cannot be read. */
const badNight = 4;
const companies = ["JPMORGAN CHASE & CO.", "BANK OF AMERICA, NATIONAL ASSOCIATION"] as const;
const [, brokenCompany] = companies;

/** `pipeline demo`: a week of nights on made-up complaints, and where to look then. */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const folder = options.home ?? "pipeline-demo";
  // Made-up complaints live where `--source sample` looks for them: a run that is started here reads no real ones.
  const home = ownHome(folder, "sample");
  const lastNight = addDays(firstNight, nights - 1);
  checkWritable(home);
  if (existsSync(folder)) {
    if (!options.force) throw inTheWay(folder);
    // Of everything that a folder may hold, this alone was made to be thrown away.
    if (!existsSync(join(folder, marker))) throw notADemo(folder);
    rmSync(folder, { recursive: true });
  }
  makeFolder(home);
  writeFileSync(join(folder, marker), "Made by `pipeline demo`; `pipeline demo --force` makes it anew.\n");
  writeFileSync(
    join(folder, "pipeline.yaml"),
    `# Whatever runs in this home reads what the demo has read.\n${stringify(loads)}`,
  );
  const cancellation = cancelOnSignals(ofRun);
  const { signal } = cancellation;
  const source = await startNights(companies, lastNight);
  const style = styleFor(process.stdout, options, process.env);
  const show = (text: string) => void (options.quiet || options.json || process.stdout.write(text));
  const reports: RunReport[] = [];
  try {
    show(`A week of nights on made-up complaints of ${companies.length} companies, into ${folder}.\n`);
    show(`${headings}\n`);
    const night = async (asOf: string, run: Partial<RunOptions>, label: string) => {
      const { config } = loadConfig(settingsOf(home, source.url, asOf), undefined, asOf);
      // Nobody is notified of failures that are made up.
      const report = await executeRun(
        wireRun({ ...config, notify: { on: [] } }, printNotice),
        { ...plain, ...run, sourceDay: asOf, sourceIdentity: "sample" },
        signal,
        tellSlow(options),
      );
      reports.push(report);
      show(nightLine(label, report, style));
      signal.throwIfAborted();
      return report;
    };
    for (let i = 0; i < nights; i++) {
      const asOf = addDays(firstNight, i);
      source.moveTo(asOf);
      source.breakFor(i === badNight ? brokenCompany : null);
      const report = await night(asOf, { trigger: "schedule" }, asOf);
      if (report.state !== "Completed" && i !== badNight) return failedAt(report);
      if (i !== badNight) continue;
      source.breakFor(null);
      const retried = await night(asOf, { trigger: "retry", retryOf: retryOf(report, asOf) }, "  in the morning");
      if (retried.state !== "Completed") return failedAt(retried);
    }
    if (options.json) process.stdout.write(`${JSON.stringify({ home, runs: reports })}\n`);
    show(lookNext(folder, reports[badNight]!.runId));
  } finally {
    await source.close();
    cancellation.stop();
  }
  const isWatched = process.stdout.isTTY && !options.quiet && !options.json;
  if (options.serve === false || !isWatched) return 0;
  show("\nIn the browser, until Ctrl-C:\n");
  const { serverStart } = await import("../server/start.ts");
  const server = { ...options, home: folder, source: "sample", host: "127.0.0.1", quiet: true };
  try {
    return await serverStart(server);
  } catch (error) {
    if (!(error instanceof PipelineError && error.code === "port_in_use")) throw error;
    return serverStart({ ...server, port: "0" });
  }
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
const loads = { source: "sample", companies: [...companies], startDate: "2025-01-01", lookBackDays: 60 };

/** The user's own settings as far as they are about this machine; what is loaded is the demo's. */
function settingsOf(home: string, source: string, asOf: string): Partial<Settings> {
  return {
    ...loads,
    ...{ home, source, asOf },
    ...{ database: join(home, "cfpb_complaints.duckdb"), retries: 1, retryDelaySeconds: 0.2 },
    rates: { searches: 100_000, exports: 100_000, documents: 100_000 },
  };
}

/** dbt's environment is made by the first run of a machine, which takes a while. */
function tellSlow({ quiet, json }: DemoOptions): (event: RunEvent) => void {
  return (event) => {
    if (event.type === "dbt.environment" && !quiet && !json) process.stderr.write(`  ${event.step}\n`);
  };
}

const headings = `${"night".padEnd(16)}  ${"state".padEnd(9)}  ${"time".padStart(6)}  ${"rows".padStart(7)}  ${"new".padStart(6)}  ${"changed".padStart(7)}  ${"withdrawn".padStart(9)}`;

function nightLine(label: string, report: RunReport, style: Style): string {
  const sum = (of: "expected" | "inserted" | "updated" | "deleted") =>
    report.companies.reduce((total, company) => total + company[of], 0);
  const { state, durationMs, error } = report;
  const colored = (state === "Completed" ? style.good : style.bad)(state.padEnd(9));
  const cells = [
    ...[label.padEnd(16), colored, formatDuration(durationMs).padStart(6), formatCount(sum("expected")).padStart(7)],
    ...[
      formatCount(sum("inserted")).padStart(6),
      formatCount(sum("updated")).padStart(7),
      formatCount(sum("deleted")).padStart(9),
    ],
  ];
  const why = error === null ? "" : `  ${style.dim(whyText(report, error))}\n`;
  return `${cells.join("  ")}\n${why}`;
}

/** The whole error is what `runs inspect` is for. */
function whyText({ companies: all }: RunReport, { code }: { code: string }): string {
  const failed = all.filter((company) => company.error !== null);
  const rest = failed.length === 0 ? code : failed.map(({ company, error }) => `${company}: ${error?.code}`).join("; ");
  return failed.length === all.length ? rest : `${rest}; what was read of the other is committed`;
}

function lookNext(home: string, failed: string): string {
  const program = programName(process.env);
  const at = `--source sample --home ${relative(process.cwd(), home) || "."}`;
  // A statement a line, so that it fits into a terminal.
  const sql = (statement: string) =>
    `${program} sql ${at} \\\n    "${statement.replace(/ (from|group) /g, "\n     $1 ")}"`;
  const lines: [string, string][] = [
    [`${program} server start ${at}`, "in the browser, on http://127.0.0.1:4200"],
    [`${program} runs ls ${at}`, "the nights, newest first"],
    [`${program} runs inspect ${runName(failed)} ${at}`, "the one that failed, and what to do"],
    [
      sql("select company, max(p90_days_to_publish) as p90 from agg_publication_lag group by 1"),
      "how late complaints appear, in days",
    ],
    [
      sql("select field, count(*) as changes from fct_complaint_changes group by 1 order by 2 desc"),
      "what changed afterwards",
    ],
    [
      sql("select product, count(*) as complaints from fct_complaints group by 1 order by 2 desc limit 5"),
      "what people complain about",
    ],
    [`${program} doctor --offline ${at}`, "whether a home is in order"],
  ];
  return `\nLook at it:\n${lines.map(([line, what]) => `  # ${what}\n  ${line}\n`).join("")}`;
}

function inTheWay(home: string): PipelineError {
  return wrong(`${home} is there already.`, "Name another folder with --home, or make the demo anew with --force.");
}

function notADemo(home: string): PipelineError {
  return wrong(`${home} was not made by \`pipeline demo\`.`, "Name another folder with --home, or remove it yourself.");
}

function failedAt({ error }: RunReport): never {
  throw new PipelineError(error!);
}
