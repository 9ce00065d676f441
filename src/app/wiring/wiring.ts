import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { Recorder, type RecorderOptions } from "../../history/recorder.ts";
import type { NewRun } from "../../history/statements.ts";
import { type Day, dayOf } from "../../pipeline/days.ts";
import { neededFields, retiredFields } from "../../pipeline/fields.ts";
import type { Ports } from "../../pipeline/ports.ts";
import type { Remembered } from "../../pipeline/window.ts";
import { type ProxyServer, proxyFor } from "../../process/proxy.ts";
import { PipelineError } from "../../run/errors.ts";
import type { Report } from "../../run/events.ts";
import { isFinal } from "../../run/states.ts";
import { systemClock } from "../../runtime/clock.ts";
import { LocalEngine } from "../../runtime/local-engine.ts";
import { spawnSample } from "../../sample/server/spawn.ts";
import { currentSnapshot, type Snapshot } from "../../snapshot/current.ts";
import { type ExportFormat, exportFormats, exportSnapshot } from "../../snapshot/export.ts";
import type { Column, Receiver, SqlLimits, SqlSession, Value } from "../../snapshot/sql.ts";
import { RateBudget } from "../../source/budget.ts";
import { SourceClient } from "../../source/client.ts";
import { type ContractReport, checkContract } from "../../source/contract.ts";
import { splitAddress } from "../../source/http.ts";
import { removeLanded } from "../../source/landing.ts";
import { CfpbSource } from "../../source/source.ts";
import { type Output, runDbt, writeDocs } from "../../transform/command.ts";
import { type DbtFacts, inspectDbt } from "../../transform/inspect.ts";
import { projectFolder, projectRelations } from "../../transform/project.ts";
import { DbtTransform, type TransformOptions } from "../../transform/transform.ts";
import { fields } from "../../warehouse/fields.ts";
import { checkIntegrity, type Integrity } from "../../warehouse/integrity.ts";
import { refused, WarehouseLock } from "../../warehouse/lock.ts";
import { checkPath } from "../../warehouse/path.ts";
import { forgetStates, readStateReport, type StateReport } from "../../warehouse/state-report.ts";
import { DuckDbWarehouse } from "../../warehouse/warehouse.ts";
import { readRestoreNote, settleRestore } from "../backup/restore-note.ts";
import { checkWritable, refuseOtherDatabase, refuseOtherSource, sourceOfRun } from "../home-record.ts";
import { openPublished, publishedFolder } from "../published.ts";
import { historyFile, openRuns } from "../runs.ts";

export type { Column, ExportFormat, Receiver, SqlSession, Value };
export { exportFormats };

/** Everything that a run holds, for {@link Wired.close} to give back. */
export type Wired = {
  ports: Ports;
  /** What the warehouse remembers. */
  remembered: Remembered;
  close(): Promise<void>;
};

export type { Recorder };

/** Writes a run into the history of its home. */
export function recordRun(config: Config, run: NewRun, told: Pick<RecorderOptions, "warn" | "onCancel">): Recorder {
  return new Recorder(run, { path: historyFile(config.home), ...told });
}

/** Throws where another process has it. */
function takeWarehouse(config: Config): WarehouseLock {
  try {
    return WarehouseLock.acquire(config.database, { pid: process.pid, since: new Date().toISOString() });
  } catch (error) {
    throw lockedBy(config, error);
  }
}

export type WireOptions = {
  skipDbt: boolean;
  /** Whose complaints the source has. */
  source: string;
  /** Complaints of another source may be there. */
  acceptSource: boolean;
  /** The day that a made-up source shows. */
  sourceDay?: Day;
};

/**
 * The adapters of one run. What needs no network is checked first: Python where dbt will run, and that the file can be
 * opened. The caller holds the lock.
 */
export async function wireRun(
  config: Config,
  { skipDbt, sourceDay, acceptSource, source: identity }: WireOptions,
  signal: AbortSignal,
  report: Report,
): Promise<Wired> {
  const landing = join(config.home, "landing", keyOf(config.database));
  proxyOf(config);
  const transform = wireTransform(config, signal);
  if (!skipDbt) await transform.check();
  const warehouse = wireWarehouse(config, report);
  try {
    if (!acceptSource) refuseOtherSource(await loadedSource(config, warehouse), identity, `${config.database} has`);
    const remembered = await warehouse.remembered();
    // What lies here is of a run that was killed: the lock says that no other is alive.
    await removeLanded(landing);
    const { source, close } = await openSource(config, landing, signal, sourceDay);
    const tasks = wireTasks(config, signal, report);
    return {
      ports: { source, warehouse, transform, tasks, report, clock: systemClock },
      remembered,
      async close() {
        await transform.stop();
        await warehouse.close();
        try {
          await close();
        } finally {
          await removeLanded(landing);
        }
      },
    };
  } catch (error) {
    await warehouse.close();
    throw error;
  }
}

/** Whose complaints a warehouse has; null where that is not known. */
async function loadedSource({ home }: Config, warehouse: DuckDbWarehouse): Promise<string | null> {
  const last = await warehouse.lastLoad();
  return last === null ? null : (last.source ?? sourceOfRun(home, last.runId));
}

/** Somebody waits for the answer: what fails is asked once more, soon, and a request is not waited for as long as at night. */
function inHaste(config: Config): Config {
  const { retries, retryDelaySeconds, requestTimeoutSeconds } = config;
  return {
    ...config,
    retries: Math.min(retries, 1),
    retryDelaySeconds: Math.min(retryDelaySeconds, 2),
    requestTimeoutSeconds: Math.min(requestTimeoutSeconds, 30),
  };
}

/** The source alone, for questions that no run asks. Nothing is landed, and no warehouse is touched. */
export async function lookAtSource<T>(
  given: Config,
  signal: AbortSignal,
  report: Report,
  look: (ports: Pick<Ports, "source" | "tasks" | "report">) => Promise<T>,
): Promise<T> {
  const config = inHaste(given);
  const { source, close } = await openSource(config, join(config.home, "landing"), signal);
  try {
    return await look({ source, report, tasks: wireTasks(config, signal, report) });
  } finally {
    await close();
  }
}

/** The source, with the embedded one started where it is asked for. */
async function openSource(config: Config, landing: string, signal: AbortSignal, sourceDay?: Day) {
  const options = clientOptions(config);
  const { base, stop } = await startSource(config, signal);
  const shown = sourceDay ?? (config.source === "sample" ? config.asOf : undefined);
  const today = () => shown ?? dayOf(systemClock.now());
  const source = new CfpbSource({ base, pageSize: config.pageSize, landing, today, ...options });
  return {
    source,
    async close() {
      await source.close();
      await stop();
    },
  };
}

/** The address of the source; of the embedded one, once it runs. */
async function startSource(config: Config, signal: AbortSignal): Promise<{ base: string; stop(): Promise<void> }> {
  if (config.source !== "sample") return { base: config.source, stop: async () => undefined };
  const { url, stop } = await spawnSample({ asOf: config.asOf }, signal);
  return { base: url, stop };
}

function wireTasks(config: Config, signal: AbortSignal, report: Report): LocalEngine {
  return new LocalEngine({ signal, report, clock: systemClock, policy: { ...retryPolicy(config), retries: restarts } });
}

/** A company whose index moved or that does not add up starts again, 3 times in all (invariant 7). */
const restarts = 2;

function retryPolicy(config: Config) {
  const { retries, retryDelaySeconds, extractTimeoutSeconds } = config;
  return { retries, delayMs: retryDelaySeconds * 1000, longestMs: extractTimeoutSeconds * 1000 };
}

/** The sample source has no limits of its own; the live one's are per address (invariant 6). */
export function ratePerMinute({ source, rates }: Config): number {
  return source === "sample" ? Number.POSITIVE_INFINITY : rates.searches;
}

function clientOptions(config: Config) {
  return {
    userAgent: `cfpb-pipeline/${config.version}${config.contact === null ? "" : ` (${config.contact})`}`,
    requestTimeoutMs: config.requestTimeoutSeconds * 1000,
    policy: retryPolicy(config),
    budget: new RateBudget(ratePerMinute(config), systemClock),
    clock: systemClock,
    proxy: proxyOf(config),
  };
}

/** Throws `config_invalid` where the environment names a proxy that is none. */
function proxyOf({ source, env }: Config): ProxyServer | null {
  return source === "sample" ? null : proxyFor(source, env);
}

function wireWarehouse(config: Config, report: Report): DuckDbWarehouse {
  return new DuckDbWarehouse({ ...databaseOptions(config), published: publishedFolder(config.home) }, report);
}

function databaseOptions(config: Config) {
  return { path: config.database, ...config.duckdb, relations: projectRelations(projectFolder) };
}

function wireTransform(config: Config, signal: AbortSignal): DbtTransform {
  return new DbtTransform(transformOptions(config, signal));
}

function transformOptions(config: Config, signal: AbortSignal): TransformOptions {
  const { dbt, cacheDir, database, env, duckdb } = config;
  const targetDir = join(config.home, "dbt", keyOf(database));
  // dbt and uv do not start for a user without a home directory.
  const known = { ...env, HOME: env.HOME || cacheDir };
  return { dbt, cacheDir, projectDir: projectFolder, targetDir, database, ...duckdb, env: known, signal };
}

/** Any dbt command on this warehouse, which nobody else has meanwhile. Gives dbt's exit code. */
export async function dbtOnWarehouse(
  config: Config,
  args: readonly string[],
  signal: AbortSignal,
  output: Output,
): Promise<number> {
  return withWarehouse(config, () => runDbt(transformOptions(config, signal), args, output));
}

/** Writes dbt's documentation as one page; gives its path. */
export async function dbtDocs(config: Config, signal: AbortSignal, output: Output): Promise<string> {
  const file = join(config.home, "dbt-docs.html");
  return withWarehouse(config, () => writeDocs(transformOptions(config, signal), file, output));
}

/** That somebody else has the warehouse, with what to do about it: where it is a run of this home, by its name. */
function lockedBy(config: Config, error: unknown): unknown {
  if (!(error instanceof PipelineError) || error.code !== "warehouse_locked") return error;
  if (readRestoreNote(config.home) !== null) return restoring(error);
  const run = openRun(config);
  if (run === null) return error;
  const { code, what, data } = error;
  const next = `Watch it with: pipeline runs watch ${run}\nStop it with: pipeline runs cancel ${run}`;
  return new PipelineError({ code, what, data, next }, { cause: error });
}

/** The beginning of the id of the run that has the warehouse; null where none is known to have it. */
function openRun({ home, database }: Config): string | null {
  const holder = WarehouseLock.holderOf(database);
  const history = holder === undefined ? null : openRuns(home);
  try {
    const open = history?.list({ limit: 20 }).filter(({ state }) => !isFinal(state)) ?? [];
    const run = open.find(({ no }) => history?.inspect(no).lease.pid === holder?.pid);
    return run?.id.slice(0, 8) ?? null;
  } finally {
    history?.close();
  }
}

function restoring(cause: PipelineError): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_locked",
      what: `A restore is under way. ${cause.what}`,
      data: "Nothing was read or changed.",
      next: "Wait until it is done.",
    },
    { cause },
  );
}

/** Holds the warehouse for this process as long as `use` takes (invariant 4). */
export async function withWarehouse<T>(config: Config, use: () => Promise<T>): Promise<T> {
  checkWritable(config.home);
  checkPath(config.database);
  refuseOtherDatabase(config.home, config.database);
  const lock = takeWarehouse(config);
  try {
    const settled = await settleRestore(config.home);
    if (settled !== null) process.stderr.write(`${settled}\n`);
    return await use();
  } finally {
    lock.release();
  }
}

/** Brings what a killed run left beside the warehouse into it; gives whose complaints it has. The caller holds the lock. */
export async function settleWarehouse(config: Config): Promise<string | null> {
  const warehouse = wireWarehouse(config, () => undefined);
  try {
    return await loadedSource(config, warehouse);
  } finally {
    await warehouse.close();
  }
}

/** SQL on the snapshot that is published now. */
export async function openSql(config: Config, limits: Omit<SqlLimits, "threads">): Promise<SqlSession> {
  const { threads } = config.duckdb;
  return openPublished(config.home, { ...limits, threads });
}

/** Writes the published tables into a folder; gives the names of its files. */
export async function exportPublished(
  config: Config,
  to: string,
  format: ExportFormat,
  signal: AbortSignal,
  spreadsheet: boolean,
): Promise<string[]> {
  return exportSnapshot(await currentSnapshot(publishedFolder(config.home)), to, format, signal, spreadsheet);
}

/** Whether the source is what loading stands on: at most four requests, none of them repeated. */
export async function checkSource(config: Config, signal: AbortSignal): Promise<ContractReport> {
  const options = clientOptions(inHaste(config));
  const started = await startSource(config, signal);
  const { base, credentials } = splitAddress(started.base);
  const client = new SourceClient({ ...options, policy: { ...options.policy, retries: 0 }, credentials });
  try {
    const context = { task: "doctor", attempt: 1, signal, report: () => undefined };
    const { companies, startDate: from, asOf: to } = config;
    const known = { needed: neededFields, known: fields, retired: retiredFields };
    return await checkContract(client, base, companies, { from, to }, known, context);
  } finally {
    await client.close();
    await started.stop();
  }
}

/** What will build the marts. */
export async function dbtFacts(config: Config, signal: AbortSignal): Promise<DbtFacts> {
  return inspectDbt(transformOptions(config, signal));
}

/** The published snapshot. Throws `nothing_published`. */
export async function publishedSnapshot(config: Config): Promise<Snapshot> {
  return currentSnapshot(publishedFolder(config.home));
}

/** What `state show` shows. Throws `warehouse_locked` while a run holds the warehouse. */
export async function stateReport(config: Config): Promise<StateReport> {
  checkPath(config.database, "read");
  const holder = WarehouseLock.holderOf(config.database);
  if (holder !== undefined) throw lockedBy(config, refused(config.database, holder));
  // What a restore has left half-way is no state of anything.
  if (readRestoreNote(config.home) !== null) await withWarehouse(config, async () => undefined);
  const project = wireTransform(config, new AbortController().signal).project();
  return readStateReport(databaseOptions(config), project);
}

/** Reads the warehouse from end to end. */
export async function warehouseIntegrity(config: Config): Promise<Integrity | null> {
  checkPath(config.database);
  return checkIntegrity(databaseOptions(config));
}

/** Forgets the watermarks of these companies, of all where none is named; returns the forgotten ones. */
export async function resetStates(config: Config, companies: readonly string[]): Promise<string[]> {
  return withWarehouse(config, () => forgetStates(databaseOptions(config), companies));
}

/** A folder name for what belongs to one warehouse file. */
function keyOf(database: string): string {
  return `${basename(database, ".duckdb")}-${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
}
