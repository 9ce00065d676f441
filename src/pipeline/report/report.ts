import { type ErrorFacts, exitCodeOf } from "../../run/errors.ts";
import { type DbtNode, readNode } from "../../run/events.ts";
import type { State } from "../../run/states.ts";
import type { DbtOutcome, FlowOutcome, PublishOutcome } from "../flow/flow.ts";
import { type CompanyOutcome, loadsOf, type ScopeOutcome } from "../flow/outcome.ts";
import type { Outside, SourceFields } from "../flow/values.ts";
import { changedRows } from "../load/reconcile.ts";
import { isEvery } from "../names/every.ts";
import { strategyOf } from "../scope/scope.ts";
import type { StrategyName } from "../scope/strategy.ts";
import type { Window } from "../window/days.ts";
import { loadedNames, type NameRows, type StoredCompany } from "../window/window.ts";
import { fieldWarnings, outsideWarnings, type Warning } from "./warnings.ts";

/** Rows of a load or several. Counts are 0 where nothing happened. */
type Counts = {
  expected: number;
  inserted: number;
  /** Revived rows too. */
  updated: number;
  deleted: number;
  unchanged: number;
  rejected: number;
};

/** One scope in the document of a run. */
type ScopeReport = Counts & {
  window: Window;
  strategy: StrategyName;
  state: State;
  durationMs: number;
  error: ErrorFacts | null;
};

/** One company in the document of a run. */
export type CompanyReport = Counts & {
  company: string;
  names: string[];
  window: Window & { why: string };
  strategy: StrategyName | "mixed";
  /** Left out where the window is one scope. What a window withdraws is counted at its company. */
  scopes?: ScopeReport[];
  state: State;
  /** False where an earlier run had loaded it, and a retry did not ask for it again. */
  asked: boolean;
  /** The watermark as it is now; null where none was ever committed. */
  loadedThrough: string | null;
  durationMs: number;
  error: ErrorFacts | null;
};

type DbtReport = {
  state: State;
  /** Why it was skipped. */
  reason: string | null;
  models: number;
  tests: number;
  failures: number;
  warnings: number;
  /** Every node that ran, with its status and time; of a published model how many rows it has, else null. */
  nodes: (DbtNode & { rows: number | null })[];
  failed: DbtNode[];
};

type PublishedReport = {
  state: State;
  snapshot: string | null;
  tables: number;
  /** Why it was skipped. */
  reason: string | null;
  error: ErrorFacts | null;
};

/** The document that `pipeline run --json` ends with. Keys are a contract: they are added to, never changed. */
export type RunReport = {
  runId: string;
  flow: string;
  state: State;
  startedAt: string;
  endedAt: string;
  durationMs: number;
  peakRssBytes: number;
  requests: number;
  bytes: number;
  database: string;
  /** True when no row was inserted, updated, deleted or rejected, and the marts are up to date. */
  nothingNew: boolean;
  companies: CompanyReport[];
  /** Loaded earlier and not part of this run, with the rows of those names that no company of this run means. */
  forgotten: { company: string; names: string[]; rows: number; loadedThrough: string; configured: boolean }[];
  /** Names with rows that no company means or remembers, such as those of a text that was changed. */
  untracked: NameRows[];
  /** Rows here and at the source in the loaded days that were not read; null where they were not counted. */
  outside: Outside[] | null;
  /** What somebody should look at though the run completed. */
  warnings: Warning[];
  /** Keys that the source has and this program does not know, and fields that rows lacked, over all loads. */
  fields: SourceFields;
  /** Null where the run did not get that far. */
  dbt: DbtReport | null;
  /** The snapshot that readers see; null where the run did not get that far. */
  published: PublishedReport | null;
  /** Null: nothing is audited by this version. */
  audit: null;
  error: ErrorFacts | null;
};

/** A report as the history keeps it. Those of earlier versions lack keys that were added since. */
export function readReport(text: string): RunReport {
  const kept = JSON.parse(text) as RunReport;
  const forgotten = (kept.forgotten ?? []).map((one) => ({ ...{ names: [], configured: false }, ...one }));
  const fields = { ...{ emptied: [], responses: [] }, ...kept.fields };
  const companies = (kept.companies ?? []).map((one) => ({ ...{ asked: true }, ...one }));
  const dbt = kept.dbt && { ...kept.dbt, nodes: kept.dbt.nodes.map(readNode), failed: kept.dbt.failed.map(readNode) };
  return { ...{ untracked: [], outside: null, warnings: [] }, ...kept, companies, forgotten, fields, dbt };
}

/** The part of the report that the outcome of the flow says. */
export type Summary = Pick<
  RunReport,
  | "state"
  | "companies"
  | "forgotten"
  | "untracked"
  | "warnings"
  | "outside"
  | "fields"
  | "dbt"
  | "published"
  | "nothingNew"
  | "error"
>;

/** What a run's outcome says, in the words of the report; `configured` are the companies of a run without flags. */
export function summarize(outcome: FlowOutcome, configured: readonly string[]): Summary {
  const { remembered, dbt, outside, warnings } = outcome;
  const companies = outcome.companies.map((company) => companyReport(company, remembered.companies));
  const failed = companies.filter(({ error }) => error !== null);
  const error = runError(outcome, failed);
  const fields = allFields(outcome.companies);
  return {
    state: error === null ? "Completed" : "Failed",
    companies,
    ...leftAlone(outcome, configured),
    warnings: [...warnings, ...fieldWarnings(fields), ...outsideWarnings(outside ?? [])],
    fields,
    dbt: dbtReport(dbt, outcome.published),
    published: publishedReport(outcome.published),
    nothingNew:
      error === null &&
      dbt.state === "Skipped" &&
      !dbt.isBuildPending &&
      companies.every((company) => changedRows(company) === 0 && company.rejected === 0),
    outside,
    error: error,
  };
}

/** What is here and was not part of the run. */
function leftAlone(
  { companies, remembered }: FlowOutcome,
  configured: readonly string[],
): Pick<RunReport, "forgotten" | "untracked"> {
  const asked = new Set(companies.flatMap(({ names }) => names));
  const isAll = companies.some(({ names }) => isEvery(names));
  const isLeft = ({ name }: NameRows) => !isAll && !asked.has(name);
  const texts = new Set(companies.map(({ company }) => company));
  const others = remembered.companies.filter(({ company }) => !texts.has(company));
  // What was loaded of every company is told without what is told of some.
  const ofOthers = new Set(others.filter(({ names }) => !isEvery(names)).flatMap(loadedNames));
  return {
    forgotten: others.flatMap((state) => {
      const { company, rowsByName, loadedThrough } = state;
      const isOwn = ({ name }: NameRows) => !isEvery(state.names) || !ofOthers.has(name);
      const left = rowsByName.filter((one) => isLeft(one) && isOwn(one));
      const names = left.map(({ name }) => name);
      const rows = left.reduce((sum, one) => sum + one.rows, 0);
      return names.length === 0
        ? []
        : [{ company, names, rows, loadedThrough, configured: configured.includes(company) }];
    }),
    untracked: remembered.untracked.filter(isLeft),
  };
}

function allFields(companies: readonly CompanyOutcome[]): SourceFields {
  const all = companies.flatMap((company) => loadsOf(company).map(({ fields }) => fields));
  const distinct = (texts: readonly string[]) => [...new Set(texts)].sort();
  return {
    unknown: distinct(all.flatMap(({ unknown }) => unknown)),
    missing: rowsOfFields(all.flatMap(({ missing }) => missing)),
    emptied: rowsOfFields(all.flatMap(({ emptied }) => emptied)),
    responses: distinct(all.flatMap(({ responses }) => responses)),
  };
}

function rowsOfFields(found: SourceFields["missing"]): SourceFields["missing"] {
  const rows = new Map<string, number>();
  for (const one of found) rows.set(one.field, (rows.get(one.field) ?? 0) + one.rows);
  return [...rows].map(([field, number]) => ({ field, rows: number }));
}

function companyReport(outcome: CompanyOutcome, states: readonly StoredCompany[]): CompanyReport {
  const { company, names, window, why, scopes, reconciled, error } = outcome;
  const before = states.find((state) => state.company === company)?.loadedThrough ?? null;
  const counts = countsOf(loadsOf({ scopes, reconciled: null }));
  return {
    company,
    names,
    window: { ...window, why },
    strategy: strategyOf(scopes),
    ...counts,
    deleted: counts.deleted + (reconciled?.deleted ?? 0),
    ...(scopes.length === 1 ? {} : { scopes: scopes.map(scopeReport) }),
    asked: scopes.some(({ isAsked }) => isAsked),
    state: stateOf(error),
    loadedThrough: outcome.loadedThrough ?? before,
    durationMs: scopes.reduce((sum, { durationMs }) => sum + durationMs, 0),
    error,
  };
}

function scopeReport({ window, strategy, result, durationMs, error }: ScopeOutcome): ScopeReport {
  const counts = countsOf(result === null ? [] : [result]);
  return { window, strategy, ...counts, state: stateOf(error), durationMs, error };
}

function stateOf(error: ErrorFacts | null): State {
  return error === null ? "Completed" : error.code === "timed_out" ? "TimedOut" : "Failed";
}

function countsOf(loads: readonly Counts[]): Counts {
  const sum = (key: keyof Counts) => loads.reduce((total, load) => total + load[key], 0);
  return {
    expected: sum("expected"),
    inserted: sum("inserted"),
    updated: sum("updated"),
    deleted: sum("deleted"),
    unchanged: sum("unchanged"),
    rejected: sum("rejected"),
  };
}

function dbtReport(dbt: DbtOutcome, published: PublishOutcome): DbtReport {
  const none = { reason: null, models: 0, tests: 0, failures: 0, warnings: 0, nodes: [], failed: [] };
  if (dbt.state === "Skipped") return { ...none, state: "Skipped", reason: dbt.reason };
  if (!("models" in dbt)) return { ...none, state: dbt.error.code === "timed_out" ? "TimedOut" : "Failed" };
  const { state, models, tests, failures, warnings, nodes, failed } = dbt;
  // dbt does not count: the snapshot does.
  const counts = published !== null && "rows" in published ? published.rows : {};
  const counted = nodes.map((node) => ({ ...node, rows: node.kind === "model" ? (counts[node.name] ?? null) : null }));
  return { state, reason: null, models, tests, failures, warnings, nodes: counted, failed };
}

function publishedReport(published: PublishOutcome): PublishedReport | null {
  if (published === null) return null;
  if ("error" in published) {
    return { state: "Failed", snapshot: null, tables: 0, reason: null, error: published.error };
  }
  const { snapshot, tables, reason } = published;
  return { state: reason === null ? "Completed" : "Skipped", snapshot, tables, reason, error: null };
}

function runError({ companies, dbt, published }: FlowOutcome, failed: readonly CompanyReport[]): ErrorFacts | null {
  if (dbt.state === "Failed" && dbt.error !== null) return dbt.error;
  if (failed.length === 0) return published !== null && "error" in published ? published.error : null;
  const first = companies.find(({ error }) => error !== null)!.error!;
  if (failed.length === companies.length) return first;
  const list = (some: readonly { company: string }[]) => some.map(({ company }) => `"${company}"`).join(", ");
  const loaded = companies.filter((company) => company.error === null);
  const partly = companies.filter((company) => company.error !== null && loadsOf(company).length > 0);
  const unloaded = companies.filter((company) => loadsOf(company).length === 0);
  const left = [
    ...(partly.length === 0 ? [] : [`Parts of ${list(partly)} were loaded; their watermarks stay where they were.`]),
    ...(unloaded.length === 0 ? [] : [`Nothing of ${list(unloaded)} was loaded; what was loaded before stands.`]),
  ];
  return {
    code: "companies_failed",
    message: `${failed.length} of ${companies.length} companies failed:\n${failed.map(({ company, error }) => `  "${company}": ${error?.message}`).join("\n")}`,
    data: `Committed: ${list(loaded)}. ${left.join(" ")}`,
    next: `Run again: it reads the same days of ${list(failed)}. ${first.next}`,
  };
}

/** The exit code a run's report leads to; a cancelled run's is the signal's. */
export function exitCodeOfRun({ error }: RunReport): number {
  return error === null ? 0 : exitCodeOf(error.code);
}
