import type { Settings } from "../config.ts";
import { malformedList } from "../config.ts";
import { parseNameList } from "../pipeline/name-list.ts";
import { exitCodeOfRun } from "../pipeline/report.ts";
import { executeRun } from "../run.ts";
import { errorText } from "./error-output.ts";
import { configOf, type GlobalOptions } from "./options.ts";
import { progressPrinter } from "./progress.ts";
import { cancelOnSignals } from "./signals.ts";
import { styleFor } from "./style.ts";
import { summaryText } from "./summary.ts";

export type RunCommandOptions = GlobalOptions & {
  companies?: string[];
  startDate?: string;
  asOf?: string;
  lookBack?: string;
  resetState?: boolean;
  acceptWithdrawals?: boolean;
  skipDbt?: boolean;
};

/** `pipeline run`. */
export async function runCommand(options: RunCommandOptions): Promise<number> {
  const { config, warnings } = await configOf(options, settingsOf(options));
  const write = (line: string) => void process.stderr.write(`${line}\n`);
  for (const warning of warnings) write(`warning: ${warning}`);
  const cancellation = cancelOnSignals();
  const { resetState = false, skipDbt = false, acceptWithdrawals = false, quiet = false, verbose = false } = options;
  const everyMs = process.stderr.isTTY ? 2000 : 10_000;
  const emit = quiet ? () => undefined : progressPrinter({ write, everyMs, verbose });
  try {
    const report = await executeRun(
      config,
      { resetState, skipDbt, acceptWithdrawals, trigger: "cli" },
      cancellation.signal,
      emit,
    );
    if (!quiet) write("");
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else if (!quiet || report.error !== null)
      process.stdout.write(summaryText(report, styleFor(process.stdout, options, config.env)));
    const { error } = report;
    if (error !== null)
      process.stderr.write(errorText({ ...error, what: error.message }, styleFor(process.stderr, options, config.env)));
    return (report.state === "Cancelled" ? cancellation.exitCode() : undefined) ?? exitCodeOfRun(report);
  } finally {
    cancellation.stop();
  }
}

function settingsOf({ companies, startDate, asOf, lookBack }: RunCommandOptions): Partial<Settings> {
  return {
    companies: companies?.flatMap((list) => {
      const names = parseNameList(list);
      if (names === null) throw malformedList("--companies", list);
      return names;
    }),
    startDate,
    asOf,
    lookBackDays: lookBack === undefined ? undefined : /^\d+$/.test(lookBack) ? Number(lookBack) : (lookBack as never),
  };
}
