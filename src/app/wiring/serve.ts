import type { Config } from "../../config/config.ts";
import { type NotifyWiring, wireNotify } from "./notify.ts";

/** The settings that a server works with. */
export type ServeSettings = Pick<Config, "home" | "database" | "version" | "companies" | "env"> & {
  /** Threads of a query on the published snapshot. */
  threads: number;
};

/** A server of a home, wired. */
export type ServeWiring = { settings: ServeSettings; notify: NotifyWiring };

export function wireServe(config: Config): ServeWiring {
  const { home, database, version, companies, env, duckdb } = config;
  const settings = { home, database, version, companies, env, threads: duckdb.threads };
  return { settings, notify: wireNotify(config) };
}
