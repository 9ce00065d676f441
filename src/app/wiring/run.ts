import type { Config } from "../../config/config.ts";
import { removeEmpty } from "../../files/folder.ts";
import type { HistoryStore } from "../../history/history.ts";
import type { Engine } from "../../pipeline/flow/engine.ts";
import type { PlanSettings } from "../../pipeline/flow/values.ts";
import { stepHandlers } from "../../pipeline/steps/handlers.ts";
import type { Day } from "../../pipeline/window/days.ts";
import type { Remembered } from "../../pipeline/window/window.ts";
import type { EventFacts, Report } from "../../run/events.ts";
import { removeOldLanded } from "../../source/landing.ts";
import { refuseOtherSource } from "../home/record.ts";
import { historyOf, measuredTimings } from "../home/runs.ts";
import { wireTransform } from "./dbt.ts";
import { wireEngine } from "./engine.ts";
import { type NotifyWiring, notifySecrets, secretWarnings, wireNotify } from "./notify.ts";
import { landingOf, limitsOf, openSource, proxyOf } from "./source.ts";
import { loadedSource, type WarehouseAccess, warehouseAccess, wireWarehouse } from "./warehouse.ts";

/** The settings that decide what a run reads and does. Times are in seconds. */
export type RunSettings = Pick<
  Config,
  | "home"
  | "database"
  | "source"
  | "companies"
  | "configuredCompanies"
  | "startDate"
  | "asOf"
  | "lookBackDays"
  | "strategy"
  | "sourceHealth"
  | "dbt"
  | "extractTimeoutSeconds"
  | "dbtTimeoutSeconds"
  | "runTimeoutSeconds"
>;

/** A run, wired: its settings, and everything outside that it works with. */
export type RunWiring = {
  settings: RunSettings;
  warehouse: WarehouseAccess;
  /** The values that no text may show. */
  secrets: readonly string[];
  /** What is wrong with the secrets, as events. */
  secretWarnings: readonly EventFacts[];
  /** Writes the run into the history of its home. */
  record: HistoryStore["record"];
  notify: NotifyWiring;
  /** Opens the adapters. The caller holds the warehouse. */
  open(options: OpenOptions, signal: AbortSignal, report: Report): Promise<OpenedRun>;
};

/** `onNotice` gets what a user should read before the run begins. */
export function wireRun(config: Config, onNotice: (text: string) => void): RunWiring {
  return {
    settings: settingsOf(config),
    warehouse: warehouseAccess(config, onNotice),
    secrets: notifySecrets(config),
    secretWarnings: secretWarnings(config),
    record: historyOf(config.home).record,
    notify: wireNotify(config),
    open: (options, signal, report) => openRun(config, options, signal, report),
  };
}

/** Everything that a run holds, until `close` gives it back. */
export type OpenedRun = {
  engine: Engine;
  /** What the warehouse remembers. */
  remembered: Remembered;
  /** What the source lets through, and how long its answers took. */
  pace: Pick<PlanSettings, "limits" | "timings">;
  close(): Promise<void>;
};

type OpenOptions = {
  skipDbt: boolean;
  /** Whose complaints the source has. */
  source: string;
  /** Complaints of another source may be there. */
  acceptSource: boolean;
  /** The day that a made-up source shows. */
  sourceDay?: Day;
};

function settingsOf(config: Config): RunSettings {
  const { home, database, source, companies, configuredCompanies, startDate, asOf, lookBackDays, strategy, dbt } =
    config;
  const { sourceHealth, extractTimeoutSeconds, dbtTimeoutSeconds, runTimeoutSeconds } = config;
  return {
    ...{ home, database, source, companies, configuredCompanies, startDate, asOf, lookBackDays, strategy, dbt },
    ...{ sourceHealth, extractTimeoutSeconds, dbtTimeoutSeconds, runTimeoutSeconds },
  };
}

/**
 * The adapters of one run. What needs no network is checked first: Python where dbt will run, and that the file can be
 * opened. The caller holds the lock.
 */
async function openRun(
  config: Config,
  { skipDbt, sourceDay, acceptSource, source: identity }: OpenOptions,
  signal: AbortSignal,
  report: Report,
): Promise<OpenedRun> {
  const landing = landingOf(config);
  proxyOf(config);
  const transform = wireTransform(config, signal);
  if (!skipDbt) await transform.check();
  const warehouse = wireWarehouse(config, report);
  try {
    if (!acceptSource) refuseOtherSource(await loadedSource(config, warehouse), identity, `${config.database} has`);
    const remembered = await warehouse.states();
    await removeOldLanded(landing);
    const { source, close } = await openSource(config, landing, signal, report, sourceDay);
    const handlers = stepHandlers({ source, warehouse, transform, report });
    return {
      engine: wireEngine(config, handlers, signal, report),
      remembered,
      pace: { limits: limitsOf(config), timings: await measuredTimings(config.home, config.source) },
      async close() {
        await transform.stop();
        await warehouse.close();
        try {
          await close();
        } finally {
          removeEmpty([landing]);
        }
      },
    };
  } catch (error) {
    await warehouse.close();
    throw error;
  }
}
