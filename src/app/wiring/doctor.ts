import type { Config } from "../../config/config.ts";
import { eventLine } from "../../pipeline/report/event-line.ts";
import type { EventFacts } from "../../run/events.ts";
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

/** What somebody who waits for the answer should know. */
const isWorthSaying = ({ type }: EventFacts) => type === "source.wait" || type === "budget.lost";

/** `onNotice` gets what a user should read of the warehouse, and while the source is asked. */
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
    source: (signal) => checkSource(config, signal, (event) => isWorthSaying(event) && onNotice(eventLine(event))),
  };
}
