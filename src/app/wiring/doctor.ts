import type { Config } from "../../config/config.ts";
import type { Snapshot } from "../../snapshot/current.ts";
import type { ContractReport } from "../../source/contract.ts";
import type { DbtFacts } from "../../transform/inspect.ts";
import type { Integrity } from "../../warehouse/warehouse.ts";
import { dbtFacts } from "./dbt.ts";
import { publishedSnapshot } from "./snapshot.ts";
import { checkSource } from "./source.ts";
import { warehouseAccess } from "./warehouse.ts";

/** The settings that `doctor` looks at. */
export type DoctorSettings = Pick<
  Config,
  | "version"
  | "home"
  | "database"
  | "source"
  | "companies"
  | "startDate"
  | "lookBackDays"
  | "notify"
  | "env"
  | "dbt"
  | "cacheDir"
>;

/** What `doctor` looks at. */
export type DoctorWiring = {
  settings: DoctorSettings;
  integrity(): Promise<Integrity | null>;
  snapshot(): Promise<Snapshot>;
  dbt(signal: AbortSignal): Promise<DbtFacts>;
  source(signal: AbortSignal): Promise<ContractReport>;
};

/** `onNotice` gets what a user should read of the warehouse. */
export function wireDoctor(config: Config, onNotice: (text: string) => void): DoctorWiring {
  const { version, home, database, source, companies, startDate, lookBackDays, notify, env, dbt, cacheDir } = config;
  const settings = {
    ...{ version, home, database, source, companies, startDate, lookBackDays },
    ...{ notify, env, dbt, cacheDir },
  };
  return {
    settings,
    integrity: warehouseAccess(config, onNotice).integrity,
    snapshot: () => publishedSnapshot(config),
    dbt: (signal) => dbtFacts(config, signal),
    source: (signal) => checkSource(config, signal),
  };
}
