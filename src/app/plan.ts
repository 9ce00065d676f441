import { rangesOutside } from "../pipeline/flow/outside.ts";
import { type ResolveSettings, resolveWindows } from "../pipeline/flow/resolve.ts";
import { type Plan, planRun, type Timeouts } from "../pipeline/plan/plan.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import type { Report } from "../run/events.ts";
import { readHomeRecord, refuseOtherDatabase, refuseOtherSource } from "./home/record.ts";
import { measuredTimings } from "./home/runs.ts";
import { outputUnlessAborted } from "./step-output.ts";
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
  settings: Omit<ResolveSettings, "limits" | "timings" | "source" | "retryOf"> & {
    acceptSource: boolean;
    timeouts: Timeouts;
  },
  signal: AbortSignal,
  report: Report,
): Promise<Plan> {
  await refuseOtherDatabase(home, database);
  if (!settings.acceptSource) {
    refuseOtherSource((await readHomeRecord(home)).source, sourceIdentity(address), `${home} is for`);
  }
  const { companies } = await warehouse.state();
  refuseFutureWatermark(address, settings.resetState, companies);
  const own = { source: sourceIdentity(address), retryOf: null };
  const measured = { limits: source.limits, timings: await measuredTimings(home, address) };
  const outputOf = outputUnlessAborted(signal);
  return source.query(warehouse.known, signal, report, async (engine) => {
    const { schedule } = await resolveWindows(engine, { ...settings, ...own, ...measured }, companies, outputOf);
    return planRun(schedule, rangesOutside(schedule.windows, companies).length, settings.timeouts);
  });
}
