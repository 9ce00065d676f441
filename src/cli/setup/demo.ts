import { relative } from "node:path";
import { demoCompanies, runDemo } from "../../app/demo.ts";
import { formatCount, formatDuration } from "../../pipeline/report/format.ts";
import type { RunReport } from "../../pipeline/report/report.ts";
import { PipelineError } from "../../run/errors.ts";
import type { RunEvent } from "../../run/events.ts";
import { runName } from "../../run/run-name.ts";
import { programName } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { cancelOnSignals, runCancelMessage } from "../signals.ts";
import { printNotice } from "../terminal/console.ts";
import { type Style, styleFor } from "../terminal/style.ts";

export type DemoOptions = GlobalOptions & { force?: boolean; serve?: boolean; port: string };

/** `pipeline demo`: a week of nights on made-up complaints, and where to look then. */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const folder = options.home ?? "pipeline-demo";
  const cancellation = cancelOnSignals(runCancelMessage);
  const style = styleFor(process.stdout, options, process.env);
  const show = (text: string) => void (options.quiet || options.json || process.stdout.write(text));
  try {
    const { home, reports, failedRunId } = await runDemo(folder, {
      ...{ force: options.force ?? false, signal: cancellation.signal, emit: printSlowSteps(options) },
      onNotice: printNotice,
      onStart() {
        show(`A week of nights on made-up complaints of ${demoCompanies.length} companies, into ${folder}.\n`);
        show(`${headings}\n`);
      },
      onNight: (label, report) => show(nightLine(label, report, style)),
    });
    if (options.json) process.stdout.write(`${JSON.stringify({ home, runs: reports })}\n`);
    show(lookNext(folder, failedRunId));
  } finally {
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

/** dbt's environment is made by the first run of a machine, which takes a while. */
function printSlowSteps({ quiet, json }: DemoOptions): (event: RunEvent) => void {
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
