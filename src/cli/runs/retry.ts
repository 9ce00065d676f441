import { type WarehouseAccess, warehouseAccess } from "../../app/wiring/warehouse.ts";
import type { Settings } from "../../config/schema.ts";
import { acceptsOtherLoads, chainOf, doneSince } from "../../history/retries.ts";
import type { ImportedFile } from "../../pipeline/flow/values.ts";
import { type Day, later, type Window } from "../../pipeline/window/days.ts";
import { PipelineError } from "../../run/errors.ts";
import { redactor, secretsOf } from "../../run/redact.ts";
import { isFinal } from "../../run/states.ts";
import { configOf } from "../options.ts";
import { type RunOutput, runAndPrint, startedBy } from "../run/run.ts";
import { printNotice } from "../terminal/console.ts";
import { wrong } from "../usage-error.ts";
import { findRun, withHistory } from "./find.ts";

export type RetryOptions = RunOutput & { runId?: string };

/** `pipeline runs retry`: what failed or did not run, of the same days and the same source; what was loaded is not read again. */
export async function runsRetry(id: string | undefined, options: RetryOptions): Promise<number> {
  const { run, chain, done } = await withHistory(options, async (history) => {
    const run = await history.inspect((await findRun(history, id)).no);
    return { run, chain: await chainOf(history, run), done: await doneSince(history, run) };
  });
  if (!isFinal(run.state))
    throw wrong(`The run ${run.name} is not over: ${run.state}.`, "Cancel it, or wait for its end.");
  const another = "Start another: pipeline run";
  if (run.state === "Completed") throw wrong(`The run ${run.name} is complete: nothing is left to do.`, another);
  if (done !== null) throw wrong(`The run ${run.name} was retried by ${done.name}; nothing is left to do.`, another);
  const { companies, startDate, lookBackDays, strategy, database, dbt } = run.settings as Partial<Settings>;
  const flags = run.settings as Record<"resetState" | "skipDbt" | "acceptWithdrawals" | "acceptSource", boolean>;
  const { resetState = false, skipDbt = false, acceptWithdrawals = false, acceptSource = false } = flags;
  const { backfill, file } = run.settings as { backfill?: Window; file?: ImportedFile };
  const { config } = await configOf(options);
  const source = sourceOf(run.source, options.source, config.source);
  const settings = { companies, startDate, lookBackDays, strategy, database, dbt: dbt ?? undefined, source };
  const before = await configOf(options, { ...settings, asOf: run.asOf });
  const asOf = later(
    run.asOf,
    await loadedThrough(warehouseAccess(before.config, printNotice), before.config.companies),
  );
  const loaded = await configOf(options, { ...settings, asOf });
  return runAndPrint(loaded, options, {
    ...{ resetState, skipDbt, acceptWithdrawals, acceptSource },
    ...startedBy({ ...options, trigger: "retry" }),
    retryOf: {
      runIds: chain.map((one) => one.id),
      since: new Date(Math.min(...chain.map(({ startedAt }) => startedAt))).toISOString(),
      asOf: run.asOf,
      acceptsOtherLoads: acceptsOtherLoads(run),
    },
    ...(backfill === undefined ? {} : { backfill }),
    ...(file === undefined ? {} : { file }),
  });
}

/** The last day that is loaded of the companies of a run: no retry goes back behind it. */
async function loadedThrough(warehouse: WarehouseAccess, configured: readonly string[]): Promise<Day> {
  const { companies } = await warehouse.state();
  return companies
    .filter(({ company }) => configured.includes(company))
    .reduce((last, { loadedThrough: day }) => later(last, day), "");
}

/**
 * The source that a run asked. Secrets are taken out of the recorded address: where it had any, the one that is given, or configured, has to
 * be the same without them.
 */
function sourceOf(recorded: string, given: string | undefined, configured: string): string {
  const plain = (address: string) => redactor(secretsOf(address))(address);
  const bare = (address: string) => plain(address).replace(/\/*$/, "");
  if (given !== undefined) {
    if (bare(given) === bare(recorded)) return given;
    throw differs(
      recorded,
      `--source is ${plain(given)}`,
      "Leave --source out, or start a run of its own: pipeline run",
    );
  }
  if (bare(configured) === bare(recorded)) return configured;
  if (!recorded.includes("***")) return recorded;
  throw differs(recorded, `configured is ${plain(configured)}`, "Give the address that it asked, with --source.");
}

function differs(recorded: string, other: string, next: string): PipelineError {
  return new PipelineError({
    code: "source_differs",
    message: `The run asked ${recorded} and ${other}.`,
    data: "Nothing was read or changed.",
    next,
  });
}
