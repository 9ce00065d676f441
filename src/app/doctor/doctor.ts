import type { DoctorSettings, DoctorWiring } from "../wiring/doctor.ts";
import { type Finding, findingsOf, ok, warning } from "./finding.ts";
import { checkDisk, checkHome, checkNode } from "./machine.ts";
import { checkNotifications, checkSchedule } from "./nightly.ts";
import { checkDbt, checkSourceContract } from "./outside.ts";
import { checkPermissions } from "./permissions.ts";
import { checkHistory, checkScheduleFile, checkSnapshot, checkWarehouse } from "./stores.ts";

/** Looks at everything that a nightly run needs, what is nearest first; each finding is told when it is there. */
export async function runChecks(
  wiring: DoctorWiring,
  warnings: readonly string[],
  offline: boolean,
  signal: AbortSignal,
  tell: (finding: Finding) => void,
): Promise<Finding[]> {
  const { settings } = wiring;
  const checks: [check: string, look: () => Finding[] | Promise<Finding[]>][] = [
    ["versions", () => checkNode(process.version, settings.version)],
    ["configuration", () => checkConfiguration(settings, warnings)],
    ["home", () => checkHome(settings)],
    ["permissions", () => checkPermissions(settings)],
    ["disk", () => checkDisk(settings)],
    ["warehouse", () => checkWarehouse(settings.database, wiring.integrity)],
    ["history", () => checkHistory(settings.home)],
    ["snapshot", () => checkSnapshot(settings.home, wiring.snapshot)],
    ["dbt", () => checkDbt(settings, () => wiring.dbt(signal))],
    ["schedule", () => [...checkScheduleFile(settings.home), ...checkSchedule(settings)]],
    ["notifications", () => checkNotifications(settings)],
    ...(offline
      ? []
      : [
          ["source", () => checkSourceContract(settings.source, () => wiring.source(signal))] as [
            string,
            () => Promise<Finding[]>,
          ],
        ]),
  ];
  const all: Finding[] = [];
  for (const [check, look] of checks) {
    signal.throwIfAborted();
    for (const finding of await findingsOf(check, look)) {
      all.push(finding);
      tell(finding);
    }
  }
  return all;
}

function checkConfiguration(
  { companies, startDate, lookBackDays }: DoctorSettings,
  warnings: readonly string[],
): Finding[] {
  const what = `${companies.length} companies from ${startDate}, looking back ${lookBackDays} days`;
  return [ok("configuration", what), ...warnings.map((text) => warning("configuration", text, null))];
}
