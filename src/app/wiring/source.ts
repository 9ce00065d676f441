import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Engine } from "../../pipeline/flow/engine.ts";
import type { PlanSettings } from "../../pipeline/flow/values.ts";
import type { Candidates } from "../../pipeline/names/names.ts";
import { planHandlers } from "../../pipeline/steps/handlers.ts";
import type { KnownRows } from "../../pipeline/steps/ports.ts";
import { type Day, dayOf } from "../../pipeline/window/days.ts";
import { bootId, sinceBoot } from "../../process/boot.ts";
import { type ProxyServer, proxyFor } from "../../process/proxy.ts";
import type { Report } from "../../run/events.ts";
import { systemClock } from "../../runtime/local/clock.ts";
import { spawnSample } from "../../sample/server/spawn.ts";
import type { RateBudgets } from "../../source/budget/budget.ts";
import { ownBudgets } from "../../source/budget/own.ts";
import { sharedBudgets } from "../../source/budget/shared.ts";
import { SourceClient } from "../../source/client/client.ts";
import { splitAddress } from "../../source/client/http.ts";
import { type ContractReport, checkContract } from "../../source/contract.ts";
import { CfpbSource } from "../../source/source.ts";
import { removeSqlite } from "../../sqlite/sqlite.ts";
import { retryPolicy, wireEngine } from "./engine.ts";
import { warehouseFolderName, wireWarehouse } from "./warehouse.ts";

/** Limits for a command whose user waits for the answer: one retry, soon, and a shorter timeout than a run at night has. */
function interactive(config: Config): Config {
  const { retries, retryDelaySeconds, requestTimeoutSeconds } = config;
  return {
    ...config,
    retries: Math.min(retries, 1),
    retryDelaySeconds: Math.min(retryDelaySeconds, 2),
    requestTimeoutSeconds: Math.min(requestTimeoutSeconds, 30),
  };
}

/** The source of a configuration, for questions outside of a run. */
export type SourceAccess = {
  /** Requests of each class that are sent in a minute at most; null where there is no limit. */
  limits: PlanSettings["limits"];
  /** The names at the source that a text means, and those that look like it. */
  searchNames(text: string, signal: AbortSignal, report: Report): Promise<Candidates>;
  /** An engine for the steps that find out what is to be read, for as long as `use` takes. Nothing is landed or loaded. */
  query<T>(warehouse: KnownRows, signal: AbortSignal, report: Report, use: (engine: Engine) => Promise<T>): Promise<T>;
};

export function sourceAccess(config: Config): SourceAccess {
  return {
    limits: limitsOf(config),
    async searchNames(text, signal, report) {
      const { source, close } = await openSource(interactive(config), landingOf(config), signal, report);
      try {
        const traffic = { requests: 0, bytes: 0 };
        const context = { task: "resolve_companies", attempt: 1, signal, report, traffic };
        return (await source.findNames([text], context)).candidates[0]!;
      } finally {
        await close();
      }
    },
    query: (warehouse, signal, report, use) => querySource(interactive(config), warehouse, signal, report, use),
  };
}

async function querySource<T>(
  config: Config,
  warehouse: KnownRows,
  signal: AbortSignal,
  report: Report,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const { source, close } = await openSource(config, landingOf(config), signal, report);
  try {
    return await use(wireEngine(config, planHandlers(source, warehouse), signal, report));
  } finally {
    await close();
  }
}

/** Where the answers of a source are landed. */
export function landingOf({ home, database }: Config): string {
  return join(home, "landing", warehouseFolderName(database));
}

/** The source, with the embedded one started where it is asked for. */
export async function openSource(
  config: Config,
  landing: string,
  signal: AbortSignal,
  report: Report,
  sourceDay?: Day,
) {
  const options = clientOptions(config);
  const { base, bulkUrl, stop } = await startSource(config, signal);
  const { budgets, close: closeBudgets } = budgetsOf(config, base, report);
  const bulkFile = bulkUrl === null ? null : { url: bulkUrl, proxy: proxyTo(config, bulkUrl) };
  const shown = sourceDay ?? (config.source === "sample" ? config.asOf : undefined);
  const today = () => shown ?? dayOf(systemClock.now());
  const source = new CfpbSource({ base, pageSize: config.pageSize, landing, today, budgets, bulkFile, ...options });
  return {
    source,
    async close() {
      await source.close();
      await closeBudgets();
      await stop();
    },
  };
}

/** The address of the source; of the embedded one, once it runs. */
async function startSource(config: Config, signal: AbortSignal): Promise<StartedSource> {
  const { source, bulkUrl, asOf } = config;
  if (source !== "sample") return { base: source, bulkUrl, stop: async () => undefined };
  const { url, bulkUrl: own, stop } = await spawnSample({ asOf }, signal);
  return { base: url, bulkUrl: bulkUrl ?? own, stop };
}

/** Where a source is asked, and where its file of everything lies. */
type StartedSource = { base: string; bulkUrl: string | null; stop(): Promise<void> };

/** The sample source has no limits of its own; the live one's are per address (invariant 6). */
export function limitsOf({ source, rates }: Config): PlanSettings["limits"] {
  if (source === "sample") return { search: null, export: null, document: null };
  return { search: rates.searches, export: rates.exports, document: rates.documents };
}

/**
 * The budgets of a source: those of the home, which all its processes share (invariant 6). A home that is not there yet gets none for a
 * question, and a source without limits needs none.
 */
function budgetsOf(config: Config, base: string, report: Report): { budgets: RateBudgets; close(): Promise<void> } {
  const { search, export: exports, document } = limitsOf(config);
  const unlimited = Number.POSITIVE_INFINITY;
  const perMinute = {
    ...{ search: search ?? unlimited, export: exports ?? unlimited },
    document: document ?? unlimited,
  };
  if (Object.values(perMinute).every((number) => number === unlimited) || !existsSync(config.home)) {
    return { budgets: ownBudgets(perMinute, systemClock), close: async () => undefined };
  }
  const path = join(config.home, "requests.sqlite");
  const isFirst = !existsSync(path);
  const budgets = sharedBudgets({
    path,
    source: splitAddress(base).base,
    ...{ perMinute, clock: systemClock, boot: bootId() ?? "", sinceBoot },
    onLost: (reason) => report({ type: "budget.lost", reason }),
  });
  return {
    budgets,
    async close() {
      budgets.close();
      // A first run that is refused leaves nothing behind.
      if (isFirst && !(await wireWarehouse(config).exists())) removeSqlite(path);
    },
  };
}

function clientOptions(config: Config) {
  return {
    userAgent: `cfpb-pipeline/${config.version}${config.contact === null ? "" : ` (${config.contact})`}`,
    requestTimeoutMs: config.requestTimeoutSeconds * 1000,
    policy: retryPolicy(config),
    clock: systemClock,
    proxy: proxyOf(config),
  };
}

/** Throws `config_invalid` where the environment names a proxy that is none. */
export function proxyOf(config: Config): ProxyServer | null {
  return proxyTo(config, config.source);
}

function proxyTo({ source, env }: Config, address: string): ProxyServer | null {
  return source === "sample" ? null : proxyFor(address, env);
}

/** Whether the source is what loading stands on: at most four requests, none of them repeated. */
export async function checkSource(config: Config, signal: AbortSignal, report: Report): Promise<ContractReport> {
  const options = clientOptions(interactive(config));
  const started = await startSource(config, signal);
  const { base, credentials } = splitAddress(started.base);
  const { budgets, close: closeBudgets } = budgetsOf(config, started.base, report);
  const client = new SourceClient({ ...options, budgets, policy: { ...options.policy, retries: 0 }, credentials });
  try {
    const traffic = { requests: 0, bytes: 0 };
    const context = { task: "doctor", attempt: 1, signal, report, traffic };
    const { companies, startDate: from, asOf: to } = config;
    return await checkContract(client, base, companies, { from, to }, context);
  } finally {
    await client.close();
    await closeBudgets();
    await started.stop();
  }
}
