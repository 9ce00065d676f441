import { randomUUID } from "node:crypto";
import { obstacleToWriting } from "../files/folder.ts";
import type { RunRecorder } from "../history/history.ts";
import { type FlowResult, type FlowSettings, flowName, runFlow } from "../pipeline/flow/flow.ts";
import type { ImportedFile, RetriedRun } from "../pipeline/flow/values.ts";
import { type RunReport, type Summary, summarize } from "../pipeline/report/report.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import type { Day, Window } from "../pipeline/window/days.ts";
import { type ErrorFacts, exitCodeOf, factsOf, PipelineError } from "../run/errors.ts";
import type { Emit, Report } from "../run/events.ts";
import { redactor, redactValue, secretsOf } from "../run/redact.ts";
import type { State } from "../run/states.ts";
import { writeHomeRecord } from "./home/record.ts";
import { RunNotices } from "./notices.ts";
import { withTimeout } from "./run-timeout.ts";
import { refuseFutureWatermark } from "./watermark.ts";
import type { OpenedRun, RunSettings, RunWiring } from "./wiring/run.ts";

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
  retryOf?: RetriedRun;
  /** The day that a made-up source shows; the source is asked today where it is left out. */
  sourceDay?: Day;
  /** Whose complaints the source has, where its address does not say. */
  sourceIdentity?: string;
  /** Days to read in place of the resolved ones; no watermark moves. */
  backfill?: Window;
  /** The user's file that is loaded in place of the source; no watermark moves. */
  file?: ImportedFile;
};

/**
 * Runs the flow once. Never rejects: what went wrong is in the report. When `signal` is aborted, its reason is what the
 * run ends with; what was begun and not committed is rolled back first.
 */
export async function executeRun(
  wiring: RunWiring,
  options: RunOptions,
  signal: AbortSignal,
  emit: Emit,
): Promise<RunReport> {
  const { settings } = wiring;
  const { database, source, asOf } = settings;
  const runId = options.runId ?? randomUUID();
  const started = Date.now();
  const began = performance.now();
  const redact = redactor([...secretsOf(source), ...wiring.secrets]);
  const report: Report = (facts) => {
    const event = redactValue(redact, { ...facts, runId, at: new Date().toISOString() });
    void recorder?.record(event);
    emit(event);
  };
  const requested = new AbortController();
  const cancelled = AbortSignal.any([signal, requested.signal]);
  const isWritable = obstacleToWriting(settings.home) === null;
  let recorder: RunRecorder | undefined;
  recorder = wiring.record(
    redactValue(redact, {
      ...{ id: runId, flow: flowName, trigger: options.trigger, startedAt: started, asOf, database },
      source: options.sourceIdentity ?? source,
      settings: recordedSettings(settings, options),
    }),
    {
      // Where nothing can be written there is no run that goes on without its history.
      warn: (message) => void (isWritable && report({ type: "history.lost", message })),
      onCancel: () => requested.abort(cancelledByCommand()),
    },
  );
  report({ type: "run.started", flow: flowName, database, source, asOf });
  for (const warning of wiring.secretWarnings) report(warning);
  const onCancelled = () => report({ type: "run.cancelling", reason: factsOf(cancelled.reason).message });
  cancelled.addEventListener("abort", onCancelled, { once: true });

  const notices = new RunNotices(wiring.notify, options.trigger, report);
  let summary: Summary;
  const { signal: limited, stop } = withTimeout(cancelled, settings.runTimeoutSeconds);
  let traffic = { requests: 0, bytes: 0 };
  try {
    const run: Run = { runId, wiring, options, signal: limited, report, notices, recorder };
    const result = await lockAndRun(run);
    traffic = result.traffic;
    summary =
      result.error === null
        ? timedOutAs(limited, cancelled, summarize(result.outcome, settings.configuredCompanies))
        : { ...nothingDone, state: stateOf(result.error, cancelled), error: result.error };
  } catch (thrown) {
    const error = factsOf(limited.aborted ? limited.reason : thrown);
    summary = { ...nothingDone, state: stateOf(error, cancelled), error };
  } finally {
    stop();
    cancelled.removeEventListener("abort", onCancelled);
  }
  const durationMs = Math.round(performance.now() - began);
  report({ type: "run.finished", state: summary.state, durationMs });
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
    ...summary,
  });
  await recorder.finish(document);
  // Whoever stops the process does not wait long for it.
  await notices.ended(document, signal.aborted ? AbortSignal.timeout(stopMs) : signal);
  await recorder.close();
  return document;
}

/** Milliseconds for notices once the process was told to stop. */
const stopMs = 5000;

/** What a run was asked to do, without what only its process needs. */
function recordedSettings(settings: RunSettings, options: RunOptions): object {
  const { companies, startDate, asOf, lookBackDays, strategy, source, database, dbt } = settings;
  const { resetState, skipDbt, acceptWithdrawals, acceptSource, backfill, file } = options;
  const retryOf = options.retryOf?.runIds;
  const given = { resetState, skipDbt, acceptWithdrawals, acceptSource, backfill, file, retryOf };
  return { companies, startDate, asOf, lookBackDays, strategy, source, database, dbt, ...given };
}

function cancelledByCommand(): PipelineError {
  return new PipelineError({
    code: "cancelled",
    message: "The run was cancelled by `pipeline runs cancel`.",
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

/** A run that is under way. */
type Run = {
  runId: string;
  wiring: RunWiring;
  options: RunOptions;
  signal: AbortSignal;
  report: Report;
  notices: RunNotices;
  recorder: RunRecorder;
};

async function lockAndRun(run: Run): Promise<FlowResult> {
  const { wiring, recorder } = run;
  return wiring.warehouse.hold(async () => {
    await recorder.begin();
    let isLoaded = false;
    const report: Report = (facts) => {
      run.report(facts);
      if (facts.type !== "load.committed" || isLoaded) return;
      isLoaded = true;
      recordHome(run);
    };
    // Refused for its settings, it was no run: what is recorded of it goes before anybody else can have the warehouse.
    const refuse = async (error: ErrorFacts) => {
      if (!isLoaded && exitCodeOf(error.code) === 2) await recorder.refuse(error);
    };
    try {
      const result = await runHolding({ ...run, report });
      if (result.error !== null) await refuse(result.error);
      return result;
    } catch (error) {
      await refuse(factsOf(error));
      throw error;
    }
  });
}

async function runHolding(run: Run): Promise<FlowResult> {
  const { wiring, options, signal, report } = run;
  run.notices.began(signal);
  const opened = await wiring.open({ ...options, source: identityOf(run) }, signal, report);
  try {
    refuseFutureWatermark(wiring.settings.source, options.resetState, opened.remembered.companies);
    return await runFlow(opened.engine, { ...flowSettings(run), ...opened.pace }, opened.remembered);
  } finally {
    await opened.close().catch((error: unknown) => {
      const what = "what the run left behind could not be cleared away";
      report({ type: "upkeep.failed", what, reason: factsOf(error).message });
    });
  }
}

/** Records whose home it is. What is loaded and committed stands, whether or not this can be written. */
function recordHome(run: Run): void {
  const { home, database } = run.wiring.settings;
  try {
    writeHomeRecord(home, { source: identityOf(run), database });
  } catch (error) {
    const what = `${home} could not remember which warehouse and source it belongs to`;
    run.report({ type: "upkeep.failed", what, reason: factsOf(error).message });
  }
}

function identityOf({ options, wiring }: Run): string {
  return options.sourceIdentity ?? sourceIdentity(wiring.settings.source);
}

function flowSettings(run: Run): Omit<FlowSettings, keyof OpenedRun["pace"]> {
  const { companies, startDate, asOf, lookBackDays, strategy, sourceHealth, extractTimeoutSeconds, dbtTimeoutSeconds } =
    run.wiring.settings;
  const { resetState, skipDbt, acceptWithdrawals, retryOf = null, backfill = null, file = null } = run.options;
  return {
    ...{ runId: run.runId, source: identityOf(run), companies, startDate, asOf, lookBackDays, strategy },
    ...{ resetState, skipDbt, acceptWithdrawals, retryOf, backfill, file },
    health: sourceHealth,
    extractTimeoutMs: extractTimeoutSeconds * 1000,
    dbtTimeoutMs: dbtTimeoutSeconds * 1000,
  };
}

/** A run whose time is over is TimedOut, whatever it was doing. */
function timedOutAs(limited: AbortSignal, cancelled: AbortSignal, summary: Summary): Summary {
  const isOver = limited.aborted && !cancelled.aborted && summary.error?.code === "timed_out";
  return isOver ? { ...summary, state: "TimedOut" } : summary;
}

function stateOf(error: ErrorFacts, cancelled: AbortSignal): State {
  if (cancelled.aborted) return "Cancelled";
  return error.code === "timed_out" ? "TimedOut" : "Failed";
}
