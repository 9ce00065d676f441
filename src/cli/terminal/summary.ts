import { retiredFields } from "../../pipeline/dataset/complaints.ts";
import { importWhy } from "../../pipeline/flow/resolve-import.ts";
import { escapeControls, formatBytes, formatCount, formatDuration, plural } from "../../pipeline/report/format.ts";
import { largestNames } from "../../pipeline/report/largest-names.ts";
import type { RunReport } from "../../pipeline/report/report.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** What a run did: one table, one sentence on the state of the data, what the next run does. `width`: of the terminal, where it is one. */
export function summaryText(report: RunReport, style: Style, width?: number): string {
  const { companies, dbt, error, forgotten, untracked, published } = report;
  if (companies.length === 0) return "";
  const rows = companies.map((company) => [
    company.company,
    `${company.window.from}..${company.window.to}`,
    company.state,
    ...[company.expected, company.inserted, company.updated, company.deleted, company.unchanged].map(formatCount),
    formatDuration(company.durationMs),
  ]);
  const numbers = ["expected", "inserted", "updated", "deleted", "unchanged", "time"] as const;
  const isOneWindow = new Set(companies.map(({ window }) => `${window.from} ${window.to}`)).size === 1;
  const ranks: Partial<Record<(typeof numbers)[number], { rank: number }>> = {
    unchanged: { rank: 6 },
    time: { rank: 5 },
    deleted: { rank: 2 },
  };
  const columns = [
    { title: "company" },
    { title: "window", rank: isOneWindow ? 3 : 1 },
    {
      title: "state",
      ...(companies.every(({ state }) => state === "Completed") ? { rank: 4 } : {}),
      style: (padded: string, cell: string) =>
        cell === "Completed" ? style.good(padded) : cell === "state" ? padded : style.bad(padded),
    },
    ...numbers.map((title) => ({ title, align: "right" as const, ...ranks[title] })),
  ];
  const lines = [table(columns, rows, width).trimEnd(), "", ...dataLines(report)];
  if (dbt?.state === "Completed") {
    const warnings = dbt.warnings > 0 ? `, ${plural(dbt.warnings, "warning")}` : "";
    lines.push(`${plural(dbt.models, "model")} built, ${plural(dbt.tests - dbt.warnings, "check")} passed${warnings}.`);
  }
  if (published?.state === "Completed") {
    lines.push(`Published: ${plural(published.tables, "table")}, snapshot ${published.snapshot}.`);
  } else if (published?.error && published.error.code !== report.error?.code) {
    lines.push(`Not published: ${published.error.message} ${published.error.next}`);
  }
  const isOfFile = isImport(report);
  for (const { company, rows: held, loadedThrough, configured } of isOfFile ? [] : forgotten) {
    const why = configured ? "Not part of this run" : "Not configured any more";
    lines.push(`${why} and left as it is: "${company}", ${plural(held, "row")}, loaded through ${loadedThrough}.`);
  }
  if (untracked.length > 0 && !isOfFile) {
    lines.push(`Left as they are, since no company means these names: ${largestNames(untracked)}.`);
  }
  for (const { message } of report.warnings) lines.push(`Warning: ${message}.`);
  const { durationMs, peakRssBytes, requests } = report;
  lines.push(
    `${formatDuration(durationMs)}, ${plural(requests, "request")}, ${formatBytes(report.bytes)} read, ${formatBytes(peakRssBytes)} of memory at most.`,
  );
  if (error === null && published?.snapshot) {
    lines.push(
      "Ask the published tables: pipeline sql",
      `Look at this run: pipeline runs inspect ${report.runId.slice(0, 8)}`,
    );
  }
  const [shown = "", ...told] = lines;
  return `${[shown, ...told.map(escapeControls)].join("\n")}\n`;
}

/** Whether a run loaded a file of the user's. */
const isImport = ({ companies }: RunReport) => companies.every(({ window }) => window.why === importWhy);

function dataLines(report: RunReport): string[] {
  const { companies, error, fields, nothingNew, dbt } = report;
  const loaded = companies.filter((company) => company.error === null);
  const rejected = loaded.reduce((sum, company) => sum + company.rejected, 0);
  const lines: string[] = [];
  const total = loaded.reduce((sum, company) => sum + (company.asked ? company.expected : 0), 0);
  if (isImport(report)) lines.push(...importLines(report));
  else if (nothingNew && isAllCompared(report))
    lines.push("Nothing new: the source shows exactly the rows that are here.");
  else if (nothingNew) {
    const are = total === 1 ? "row of these windows is as it was" : "rows of these windows are as they were";
    lines.push(
      `Nothing new: the ${formatCount(total)} ${are}. Days outside them were not compared row by row.${asMany(report)}`,
    );
  } else if (loaded.some(({ asked }) => asked)) {
    lines.push(
      `Verified: ${plural(total, "row")} of these windows, the very number the source shows. Days outside them were not compared row by row.${asMany(report)}`,
    );
  }
  const left = loaded.reduce((sum, company) => sum + company.deleted, 0);
  if (left > 0) lines.push(`${plural(left, "row")} left the window (withdrawn, or dated earlier).`);
  lines.push(...fieldLines(fields));
  if (rejected > 0) {
    lines.push(`${plural(rejected, "row")} could not be read: see raw.cfpb_complaints_rejected.`);
  }
  if (error === null && loaded.length > 0 && !isImport(report)) {
    const [first] = loaded;
    const through = new Set(loaded.map(({ loadedThrough }) => loadedThrough));
    if (dbt?.state === "Skipped" && dbt.reason === "--skip-dbt") {
      lines.push("The models were not built and the watermark stays: the next run without --skip-dbt catches up.");
    } else if (loaded.some(({ loadedThrough }) => loadedThrough === null)) {
      const without = loaded.filter(({ loadedThrough }) => loadedThrough === null).map(({ company }) => `"${company}"`);
      lines.push(`No watermark is remembered of ${without.join(", ")}: the next run reads from the start date.`);
    } else if (through.size === 1) {
      lines.push(`Every day through ${first?.loadedThrough} was read; the next run goes on from there and looks back.`);
    }
  }
  return lines;
}

/** What a file brought. What it says of days that a later index was loaded of is not taken. */
function importLines({ companies, error, dbt }: RunReport): string[] {
  const loaded = companies.filter((company) => company.error === null);
  if (loaded.length === 0) return [];
  const total = loaded.reduce((sum, { expected }) => sum + expected, 0);
  const lines = [
    `Read to its end: ${plural(total, "row")} of the file are of these companies. Rows of days that were loaded from a later index stayed as they were, and nothing was withdrawn.`,
  ];
  if (error === null && dbt?.state === "Skipped" && dbt.reason === "--skip-dbt")
    lines.push("The models were not built: the next run without --skip-dbt catches up.");
  return lines;
}

/** Where the days outside of the windows have as many rows here as at the source; a warning says where they have not. */
function asMany({ outside }: RunReport): string {
  const here = (outside ?? []).reduce((sum, range) => sum + range.here, 0);
  const isSame = (outside ?? []).every(({ differing, unknown }) => differing.length === 0 && unknown.length === 0);
  return here > 0 && isSame ? ` Their ${plural(here, "row")} are as many as at the source.` : "";
}

/** Whether every row that is here was compared: all companies, from the first loaded day on. */
function isAllCompared({ companies, forgotten, untracked, outside }: RunReport): boolean {
  const isAsked = companies.every(({ asked, error }) => asked && error === null);
  return isAsked && outside?.length === 0 && forgotten.length === 0 && untracked.length === 0;
}

function fieldLines({ unknown, missing }: RunReport["fields"]): string[] {
  const lines: string[] = [];
  if (unknown.length > 0) lines.push(`New fields at the source, kept in _extra: ${unknown.join(", ")}.`);
  const news = missing.filter(({ field }) => !retiredFields.includes(field));
  if (news.length > 0) {
    const named = news.map(({ field, rows }) => `${field} (${plural(rows, "row")})`);
    lines.push(`Missing at the source: ${named.join(", ")}. What is stored of them is kept.`);
  }
  return lines;
}
