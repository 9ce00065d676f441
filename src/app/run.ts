import { randomUUID } from "node:crypto";
import type { Config } from "../config/config.ts";
import { obstacleOf } from "../files/folder.ts";
import type { Recorder } from "../history/recorder.ts";
import { type Day, dayOf, type Window } from "../pipeline/days.ts";
import { type FlowOutcome, flowName, runFlow } from "../pipeline/flow.ts";
import type { Candidates } from "../pipeline/names.ts";
import { rangesOutside } from "../pipeline/outside.ts";
import { type Plan, planRun } from "../pipeline/plan.ts";
import { type FlowSettings, quick, type Retry } from "../pipeline/ports.ts";
import { errorReport, type RunReport, type Summary, summarize } from "../pipeline/report.ts";
import { planFlow } from "../pipeline/resolve.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import type { StoredCompany } from "../pipeline/window.ts";
import { exitCodeOf, factsOf, PipelineError } from "../run/errors.ts";
import type { Emit, Report, State } from "../run/events.ts";
import { redactor, redactValue, secretsOf, shortestSecret } from "../run/redact.ts";
import { readHomeRecord, refuseOtherDatabase, refuseOtherSource, writeHomeRecord } from "./home-record.ts";
import { notifySecrets, RunNotices, readableSecrets, tooShortSecrets } from "./wiring/notify.ts";
import { recordRun, wireRun } from "./wiring/run.ts";
import { lookAtSource, ratePerMinute } from "./wiring/source.ts";
import { stateReport, withWarehouse } from "./wiring/warehouse.ts";

export type RunOptions = {
  resetState: boolean;
  skipDbt: boolean;
  acceptWithdrawals: boolean;
  /** Loads complaints of another source into the warehouse, all the same. */
  acceptSource: boolean;
  /** What starts the run: cli, schedule, web, retry. */
  trigger: string;
  /** A UUID where whoever starts the run wants to find it again; a new one where it is left out. */
  runId?: string;
  /** The run that is done again where it failed. */
  retryOf?: Retry;
  /** The day that a made-up source shows; the source is asked today where it is left out. */
  sourceDay?: Day;
  /** Whose complaints the source has, where its address does not say. */
  sourceIdentity?: string;
  /** Days to read in place of the resolved ones; no watermark moves. */
  backfill?: Window;
};

/**
 * Runs the flow once. Never rejects: what went wrong is in the report. When `signal` is aborted, its reason is what the
 * run ends with; what was begun and not committed is rolled back first.
 */
export async function executeRun(
  config: Config,
  options: RunOptions,
  signal: AbortSignal,
  emit: Emit,
): Promise<RunReport> {
  const { database, source, asOf } = config;
  const runId = options.runId ?? randomUUID();
  const started = Date.now();
  const began = performance.now();
  const traffic = { requests: 0, bytes: 0 };
  const redact = redactor([...secretsOf(source), ...notifySecrets(config)]);
  const report: Report = (happening) => {
    const event = redactValue(redact, { ...happening, runId, at: new Date().toISOString() });
    recorder?.record(event);
    emit(event);
  };
  const asked = new AbortController();
  const cancelled = AbortSignal.any([signal, asked.signal]);
  const isWritable = obstacleOf(config.home) === null;
  let recorder: Recorder | undefined;
  recorder = recordRun(
    config,
    redactValue(redact, {
      ...{ id: runId, flow: flowName, trigger: options.trigger, startedAt: started, asOf, database },
      source: options.sourceIdentity ?? source,
      settings: settingsOf(config, options),
    }),
    {
      // Where nothing can be written there is no run that goes on without its history.
      warn: (message) => void (isWritable && report({ type: "history.lost", message })),
      onCancel: () => asked.abort(cancelledFromOutside()),
    },
  );
  report({ type: "run.started", flow: flowName, database, source, asOf });
  for (const place of tooShortSecrets(config)) report({ type: "secret.short", place, least: shortestSecret });
  for (const path of readableSecrets(config)) report({ type: "secret.readable", path });
  const onCancelled = () => report({ type: "run.cancelling", reason: factsOf(cancelled.reason).what });
  cancelled.addEventListener("abort", onCancelled, { once: true });

  const notices = new RunNotices(config, options.trigger, report);
  let ending: Summary;
  const { signal: limited, stop } = withTimeout(cancelled, config.runTimeoutSeconds);
  try {
    ending = summarize(
      await lockAndRun(config, runId, options, { signal: limited, report, traffic, notices, recorder }),
      config.configuredCompanies,
    );
  } catch (error) {
    ending = { ...nothingDone, state: stateOf(error, cancelled), error: errorReport(factsOf(error)) };
  } finally {
    stop();
    cancelled.removeEventListener("abort", onCancelled);
  }
  const durationMs = Math.round(performance.now() - began);
  report({ type: "run.finished", state: ending.state, durationMs });
  const document: RunReport = redactValue(redact, {
    runId,
    flow: flowName,
    startedAt: new Date(started).toISOString(),
    endedAt: new Date(started + durationMs).toISOString(),
    durationMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    ...traffic,
    database,
    audit: null,
    ...ending,
  });
  await recorder.finish(document);
  // Whoever stops the process does not wait long for it.
  await notices.ended(document, signal.aborted ? AbortSignal.timeout(stopMs) : signal);
  recorder.close();
  return document;
}

/** Milliseconds for notices once the process was told to stop. */
const stopMs = 5000;

/** What a run was asked to do, without what only its process needs. */
function settingsOf(config: Config, options: RunOptions): object {
  const { companies, startDate, asOf, lookBackDays, source, database, dbt } = config;
  const { resetState, skipDbt, acceptWithdrawals, acceptSource, backfill } = options;
  const retryOf = options.retryOf?.runIds;
  const asked = { resetState, skipDbt, acceptWithdrawals, acceptSource, backfill, retryOf };
  return { companies, startDate, asOf, lookBackDays, source, database, dbt, ...asked };
}

function cancelledFromOutside(): PipelineError {
  return new PipelineError({
    code: "cancelled",
    what: "The run was cancelled by `pipeline runs cancel`.",
    data: "What was begun was rolled back; companies that were already loaded stay loaded.",
    next: "Run again: it goes on from there.",
  });
}

const nothingDone: Summary = {
  state: "Failed",
  companies: [],
  forgotten: [],
  untracked: [],
  outside: null,
  warnings: [],
  fields: { unknown: [], missing: [], emptied: [], responses: [] },
  dbt: null,
  published: null,
  nothingNew: false,
  error: null,
};

async function lockAndRun(
  config: Config,
  runId: string,
  options: RunOptions,
  { recorder, ...around }: Around,
): Promise<FlowOutcome> {
  return withWarehouse(config, async () => {
    recorder.begin();
    let isLoaded = false;
    const report: Report = (happening) => {
      around.report(happening);
      if (happening.type !== "load.committed" || isLoaded) return;
      isLoaded = true;
      remember(config, identityOf(config, options), around.report);
    };
    try {
      return await runHolding(config, runId, options, { ...around, report });
    } catch (error) {
      const facts = factsOf(error);
      // Refused for its settings, it was no run: what is recorded of it goes before anybody else can have the warehouse.
      if (!isLoaded && exitCodeOf(facts.code) === 2) await recorder.refuse(facts);
      throw error;
    }
  });
}

/** What a run works with beside its adapters. */
type Around = {
  signal: AbortSignal;
  report: Report;
  traffic: { requests: number; bytes: number };
  notices: RunNotices;
  recorder: Recorder;
};

async function runHolding(
  config: Config,
  runId: string,
  options: RunOptions,
  { signal, report, traffic, notices }: Omit<Around, "recorder">,
): Promise<FlowOutcome> {
  notices.began(signal);
  const source = identityOf(config, options);
  const wired = await wireRun(config, { ...options, source }, signal, report);
  try {
    refuseFutureWatermark(config, options, wired.remembered.companies);
    return await runFlow(wired.ports, flowSettings(config, options, runId), wired.remembered);
  } finally {
    Object.assign(traffic, wired.ports.source.traffic);
    await wired.close().catch((error: unknown) => {
      const what = "what the run left behind could not be cleared away";
      report({ type: "upkeep.failed", what, reason: factsOf(error).what });
    });
  }
}

/** What is loaded and committed stands, whether or not the home can remember whose it is. */
function remember({ home, database }: Config, source: string, report: Report): void {
  try {
    writeHomeRecord(home, { source, database });
  } catch (error) {
    const what = `${home} could not remember which warehouse and source it belongs to`;
    report({ type: "upkeep.failed", what, reason: factsOf(error).what });
  }
}

function identityOf({ source }: Config, { sourceIdentity: given }: RunOptions): string {
  return given ?? sourceIdentity(source);
}

function flowSettings(config: Config, options: RunOptions, runId: string): FlowSettings {
  const { companies, startDate, asOf, lookBackDays, extractTimeoutSeconds, dbtTimeoutSeconds } = config;
  const { resetState, skipDbt, acceptWithdrawals, retryOf = null, backfill = null } = options;
  return {
    source: identityOf(config, options),
    ...{ runId, companies, startDate, asOf, lookBackDays, resetState, skipDbt, acceptWithdrawals, retryOf, backfill },
    extractTimeoutMs: extractTimeoutSeconds * 1000,
    dbtTimeoutMs: dbtTimeoutSeconds * 1000,
  };
}

/** What a run would do now. Changes nothing; throws `warehouse_locked` while a run is under way. */
export async function executePlan(
  config: Config,
  options: RunOptions,
  signal: AbortSignal,
  report: Report,
): Promise<Plan> {
  const { home, database } = config;
  refuseOtherDatabase(home, database);
  if (!options.acceptSource)
    refuseOtherSource(readHomeRecord(home).source, identityOf(config, options), `${home} is for`);
  const { companies } = await stateReport(config);
  refuseFutureWatermark(config, options, companies);
  return lookAtSource(config, signal, report, async (ports) => {
    const settings = { ...flowSettings(config, options, "plan"), pageSize: config.pageSize };
    const planned = await planFlow(ports, settings, companies);
    return planRun(planned, rangesOutside(planned, companies).length, ratePerMinute(config));
  });
}

/** The names at the source that a text means, and those that look like it. */
export async function searchCompanies(
  config: Config,
  text: string,
  signal: AbortSignal,
  report: Report,
): Promise<Candidates> {
  return lookAtSource(config, signal, report, async ({ source, tasks }) => {
    const { candidates } = await tasks.run("resolve_companies", quick, (context) => source.findNames([text], context));
    return candidates[0]!;
  });
}

/** A watermark in the future would leave days out (invariant 2); the sample source lives in a time of its own. */
function refuseFutureWatermark(config: Config, options: RunOptions, states: readonly StoredCompany[]): void {
  const today = dayOf(Date.now());
  const wrong = states.find(({ loadedThrough }) => loadedThrough > today);
  if (config.source === "sample" || options.resetState || wrong === undefined) return;
  throw new PipelineError({
    code: "watermark_in_future",
    what: `The state says that "${wrong.company}" is loaded through ${wrong.loadedThrough}, which is after today (${today} in UTC).`,
    data: "Nothing was read or changed.",
    next: "Check the clock of this machine; if it is right, run `pipeline state reset` and then `pipeline run`.",
  });
}

function stateOf(error: unknown, cancelled: AbortSignal): State {
  if (cancelled.aborted) return "Cancelled";
  return error instanceof PipelineError && error.code === "timed_out" ? "TimedOut" : "Failed";
}

/** The signal of a run that may also be ended by its own time limit. */
function withTimeout(signal: AbortSignal, seconds: number | null): { signal: AbortSignal; stop(): void } {
  if (seconds === null) return { signal, stop: () => undefined };
  const expired = new AbortController();
  const timer = setTimeout(() => {
    expired.abort(
      new PipelineError({
        code: "timed_out",
        what: `The run did not finish within ${seconds} s.`,
        data: "What it had not committed was rolled back; what was committed before stands.",
        next: "Run again: it goes on from there. If it is really that much work, raise runTimeoutSeconds.",
      }),
    );
  }, seconds * 1000);
  return { signal: AbortSignal.any([signal, expired.signal]), stop: () => clearTimeout(timer) };
}
