import { refuseKnownRun } from "../../app/home/runs.ts";
import { executeRun, type RunOptions } from "../../app/run.ts";
import { wireRun } from "../../app/wiring/run.ts";
import { parseCompanies } from "../../config/companies.ts";
import type { Loaded } from "../../config/load.ts";
import type { Settings } from "../../config/schema.ts";
import { exitCodeOfRun, type RunReport } from "../../pipeline/report/report.ts";
import { withoutAddress } from "../../run/errors.ts";
import { withHomeOptions } from "../hints.ts";
import { configOf } from "../options.ts";
import { cancelOnSignals, runCancelMessage } from "../signals.ts";
import { type ConsoleOptions, printNotice, runConsole } from "../terminal/console.ts";
import { errorText } from "../terminal/error-output.ts";
import { styleFor } from "../terminal/style.ts";
import { summaryText } from "../terminal/summary.ts";
import { wrong } from "../usage-error.ts";

/** How a run is shown. */
export type RunOutput = ConsoleOptions;

export type RunCommandOptions = RunOutput & {
  companies?: string[];
  startDate?: string;
  asOf?: string;
  lookBack?: string;
  strategy?: string;
  resetState?: boolean;
  acceptWithdrawals?: boolean;
  acceptSource?: boolean;
  skipDbt?: boolean;
  dryRun?: boolean;
  trigger?: string;
  /** Chosen by the scheduler that starts the run. */
  runId?: string;
};

/** `pipeline run`. */
export async function runCommand(options: RunCommandOptions): Promise<number> {
  const { resetState = false, skipDbt = false, acceptWithdrawals = false, acceptSource = false } = options;
  const loaded = await configOf(options, settingsOf(options));
  return runAndPrint(loaded, options, {
    ...{ resetState, skipDbt, acceptWithdrawals, acceptSource },
    ...startedBy(options),
  });
}

const orLeaveItOut = "Give another one, or leave it out.";

/** What starts a run, and the id it was given by whoever wants to find it again. */
export function startedBy({ trigger = "cli", runId }: Pick<RunCommandOptions, "trigger" | "runId">) {
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(trigger)) {
    throw wrong(`--trigger is "${trigger}": expected a word of lower-case letters, such as schedule.`, orLeaveItOut);
  }
  if (runId !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(runId)) {
    throw wrong(`--run-id is "${runId}": expected a UUID.`, orLeaveItOut);
  }
  return { trigger, ...(runId === undefined ? {} : { runId }) };
}

/** Runs, tells what happens, prints what came of it. */
export async function runAndPrint(
  { config, warnings }: Loaded,
  options: RunOutput,
  runOptions: RunOptions,
): Promise<number> {
  for (const warning of warnings)
    process.stderr.write(`warning: ${warning}
`);
  checkLogFormat(options.logFormat);
  if (runOptions.runId !== undefined) await refuseKnownRun(config.home, runOptions.runId);
  const cancellation = cancelOnSignals(runCancelMessage);
  const { quiet = false } = options;
  const view = await runConsole(options, config.env);
  try {
    const report = await executeRun(wireRun(config, printNotice), runOptions, cancellation.signal, view.emit);
    view.stop();
    if (options.json) process.stdout.write(`${JSON.stringify(hintedReport(report))}\n`);
    else if (!quiet || report.error !== null)
      process.stdout.write(
        withHomeOptions(
          summaryText(report, styleFor(process.stdout, options, config.env), process.stdout.columns || undefined),
        ),
      );
    const { error } = report;
    if (error !== null)
      process.stderr.write(
        errorText({ ...error, message: causes(error, options) }, styleFor(process.stderr, options, config.env)),
      );
    return (report.state === "Cancelled" ? cancellation.exitCode() : undefined) ?? exitCodeOfRun(report);
  } finally {
    cancellation.stop();
  }
}

/** The report with commands that work when they are copied from here. */
function hintedReport(report: RunReport): RunReport {
  const { error } = report;
  return error === null ? report : { ...report, error: { ...error, next: withHomeOptions(error.next) } };
}

/** The causes of several companies stand on lines of their own; the addresses that were asked are for a closer look. */
function causes({ code, message }: { code: string; message: string }, { verbose }: RunOutput): string {
  return code === "companies_failed" && !verbose ? withoutAddress(message) : message;
}

function checkLogFormat(text: string | undefined): void {
  if (text === undefined || text === "pretty" || text === "json") return;
  throw wrong(`--log-format is "${text}": expected pretty or json.`, "Leave it out for lines that people read.");
}

export function settingsOf({ companies, startDate, asOf, lookBack, strategy }: RunCommandOptions): Partial<Settings> {
  return {
    companies: companies?.flatMap((list) => parseCompanies(list, "--companies")),
    startDate,
    asOf,
    strategy: strategy as Settings["strategy"] | undefined,
    lookBackDays:
      lookBack === undefined ? undefined : /^-?\d+$/.test(lookBack) ? Number(lookBack) : (lookBack as never),
  };
}
