import { executePlan } from "../../app/plan.ts";
import { sourceAccess } from "../../app/wiring/source.ts";
import { warehouseAccess } from "../../app/wiring/warehouse.ts";
import type { Plan } from "../../pipeline/plan/plan.ts";
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
      {
        companies,
        startDate,
        asOf,
        lookBackDays,
        strategy,
        resetState,
        backfill: null,
        file: null,
        acceptSource,
        timeouts: config,
      },
      cancellation.signal,
      waitConsole(options),
    );
    process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : planText(plan));
    return 0;
  } finally {
    cancellation.stop();
  }
}

/** A company or a scope, as it is shown. */
type Line = Pick<Plan["companies"][number], "window" | "strategy" | "expected" | "requests" | "bytes">;

function planText({ companies, requests, bytes: read, etaMs, reason, file, tooShort }: Plan): string {
  const columns = [
    { title: "company" },
    { title: "window" },
    { title: "strategy" },
    { title: "rows", align: "right" as const },
    { title: "requests", align: "right" as const },
    { title: "about", align: "right" as const },
    { title: "why" },
  ];
  const line = (
    title: string,
    why: string,
    { window: { from, to }, strategy, expected, requests: asked, bytes }: Line,
  ) => [
    ...[title, `${from}..${to}`, strategy],
    ...[formatCount(expected), formatCount(asked), formatBytes(bytes), why],
  ];
  const rows = companies.flatMap((company) => [
    line(company.company, company.why, company),
    ...(company.scopes ?? []).map((scope) => line("", "", scope)),
  ]);
  const later = (file?.later ?? []).map(
    ({ company, window: { from, to } }) =>
      `${company}: ${from}..${to} was loaded from a later index than the file of ${file!.day} has, which changes and withdraws nothing there.\n`,
  );
  const short = tooShort.map(
    ({ setting, seconds, needed }) =>
      `${setting} is ${seconds} s, and about ${needed} s are needed: the run cannot end. Raise it in pipeline.yaml.\n`,
  );
  const needs = `${plural(requests, "request")}, about ${formatBytes(read)}, about ${formatDuration(etaMs)}`;
  return `${table(columns, rows)}\n${needs}: ${reason}. Nothing was changed.\n${[...later, ...short].join("")}`;
}
