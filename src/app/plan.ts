import { rangesOutside } from "../pipeline/flow/outside.ts";
import { type Plan, planRun } from "../pipeline/flow/plan.ts";
import type { ResolveSettings } from "../pipeline/flow/ports.ts";
import { planFlow } from "../pipeline/flow/resolve.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import type { Report } from "../run/events.ts";
import { readHomeRecord, refuseOtherDatabase, refuseOtherSource } from "./home-record.ts";
import { refuseFutureWatermark } from "./watermark.ts";
import type { SourceAccess } from "./wiring/source.ts";
import type { WarehouseAccess } from "./wiring/warehouse.ts";

/** What a plan works with. */
export type PlanWiring = {
  home: string;
  database: string;
  /** Address of the source, or `sample`. */
  address: string;
  source: SourceAccess;
  warehouse: WarehouseAccess;
};

/** What a run would do now. Changes nothing; throws `warehouse_locked` while a run is under way. */
export async function executePlan(
  { home, database, address, source, warehouse }: PlanWiring,
  settings: ResolveSettings & { acceptSource: boolean },
  signal: AbortSignal,
  report: Report,
): Promise<Plan> {
  refuseOtherDatabase(home, database);
  if (!settings.acceptSource) {
    refuseOtherSource(readHomeRecord(home).source, sourceIdentity(address), `${home} is for`);
  }
  const { companies } = await warehouse.state();
  refuseFutureWatermark(address, settings.resetState, companies);
  return source.query(signal, report, async (ports) => {
    const planned = await planFlow(ports, settings, source.pageSize, companies);
    return planRun(planned, rangesOutside(planned, companies).length, source.requestsPerMinute);
  });
}
