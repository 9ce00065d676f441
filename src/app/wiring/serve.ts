import type { Config } from "../../config/config.ts";
import type { LateSchedule } from "../../notify/notifier.ts";
import { type OnDelivery, sendPendingNotices } from "./notify.ts";

/** The settings that a server works with. */
export type ServeSettings = Pick<Config, "home" | "database" | "version" | "companies" | "env"> & {
  /** Threads of a query on the published snapshot. */
  threads: number;
};

/** A server of a home, wired. */
export type ServeWiring = {
  settings: ServeSettings;
  /** Notifies of late and crashed runs, and tries again what did not get through. Never rejects. */
  notify(late: readonly LateSchedule[], onDelivery: OnDelivery, signal: AbortSignal): Promise<void>;
};

export function wireServe(config: Config): ServeWiring {
  const { home, database, version, companies, env, duckdb } = config;
  return {
    settings: { home, database, version, companies, env, threads: duckdb.threads },
    notify: (late, onDelivery, signal) => sendPendingNotices(config, late, onDelivery, signal),
  };
}
