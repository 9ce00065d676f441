import { executePlan } from "../../app/plan.ts";
import { sourceAccess } from "../../app/wiring/source.ts";
import { warehouseAccess } from "../../app/wiring/warehouse.ts";
import type { Plan } from "../../pipeline/flow/plan.ts";
import { formatBytes, formatCount, formatDuration, plural } from "../../pipeline/report/format.ts";
import { configOf } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { printNotice, waitConsole } from "../terminal/console.ts";
import { table } from "../terminal/table.ts";
import { type RunCommandOptions, settingsOf } from "./run.ts";

/** `pipeline plan`, and `pipeline run --dry-run`. */
export async function planCommand(options: RunCommandOptions): Promise<number> {
  const { config, warnings } = await configOf(options, settingsOf(options));
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const { resetState = false, acceptSource = false } = options;
  const cancellation = cancelOnSignals(readingCancelMessage("The plan"));
  try {
    const { home, database, source: address, companies, startDate, asOf, lookBackDays, strategy } = config;
    const plan = await executePlan(
      { home, database, address, source: sourceAccess(config), warehouse: warehouseAccess(config, printNotice) },
      { companies, startDate, asOf, lookBackDays, strategy, resetState, backfill: null, acceptSource },
      cancellation.signal,
      waitConsole(options),
    );
    process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : planText(plan));
    return 0;
  } finally {
    cancellation.stop();
  }
}

function planText({ companies, requests, bytes: read, etaMs }: Plan): string {
  const columns = [
    { title: "company" },
    { title: "window" },
    { title: "rows", align: "right" as const },
    { title: "requests", align: "right" as const },
    { title: "about", align: "right" as const },
    { title: "why" },
  ];
  const rows = companies.map((company) => [
    company.company,
    `${company.window.from}..${company.window.to}`,
    formatCount(company.expected),
    formatCount(company.requests),
    formatBytes(company.bytes),
    company.why,
  ]);
  const eta =
    etaMs === 0 ? "no waiting for the source's rate" : `at least ${formatDuration(etaMs)}, as the source's rate allows`;
  return `${table(columns, rows)}\n${plural(requests, "request")}, about ${formatBytes(read)}, ${eta}. Nothing was changed.\n`;
}
