import { shortStep } from "../pipeline/flow/engine.ts";
import { rangesOutside } from "../pipeline/flow/outside.ts";
import { type Plan, planRun } from "../pipeline/flow/plan.ts";
import { type ResolveSettings, resolveWindows } from "../pipeline/flow/resolve.ts";
import { sourceIdentity } from "../pipeline/source-identity.ts";
import type { Report } from "../run/events.ts";
import { readHomeRecord, refuseOtherDatabase, refuseOtherSource } from "./home/record.ts";
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
  settings: ResolveSettings & { acceptSource: boolean },
  signal: AbortSignal,
  report: Report,
): Promise<Plan> {
  await refuseOtherDatabase(home, database);
  if (!settings.acceptSource) {
    refuseOtherSource((await readHomeRecord(home)).source, sourceIdentity(address), `${home} is for`);
  }
  const { companies } = await warehouse.state();
  refuseFutureWatermark(address, settings.resetState, companies);
  const { requestsPerMinute } = source;
  const outputOf = outputUnlessAborted(signal);
  return source.query(signal, report, async (engine) => {
    const { windows } = await resolveWindows(engine, settings, companies, outputOf);
    const planned = outputOf(await engine.run("plan", null, { windows }, shortStep)).companies;
    return planRun(planned, rangesOutside(planned, companies).length, requestsPerMinute);
  });
}
