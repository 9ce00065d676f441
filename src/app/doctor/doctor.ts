import type { Config } from "../../config/config.ts";
import { type Finding, findingsOf, ok, warning } from "./finding.ts";
import { checkDisk, checkHome, checkNode } from "./machine.ts";
import { checkNotifications, checkSchedule } from "./nightly.ts";
import { checkDbt, checkSourceContract } from "./outside.ts";
import { checkPermissions } from "./permissions.ts";
import { checkHistory, checkScheduleFile, checkSnapshot, checkWarehouse } from "./stores.ts";

export type { Finding };

/** Looks at everything that a nightly run needs, what is nearest first; each finding is told when it is there. */
export async function examine(
  config: Config,
  warnings: readonly string[],
  offline: boolean,
  signal: AbortSignal,
  tell: (finding: Finding) => void,
): Promise<Finding[]> {
  const checks: [check: string, look: () => Finding[] | Promise<Finding[]>][] = [
    ["versions", () => checkNode(process.version, config.version)],
    ["configuration", () => checkConfiguration(config, warnings)],
    ["home", () => checkHome(config)],
    ["permissions", () => checkPermissions(config)],
    ["disk", () => checkDisk(config)],
    ["warehouse", () => checkWarehouse(config)],
    ["history", () => checkHistory(config)],
    ["snapshot", () => checkSnapshot(config)],
    ["dbt", () => checkDbt(config, signal)],
    ["schedule", () => [...checkScheduleFile(config.home), ...checkSchedule(config)]],
    ["notifications", () => checkNotifications(config)],
    ...(offline ? [] : [["source", () => checkSourceContract(config, signal)] as [string, () => Promise<Finding[]>]]),
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

function checkConfiguration({ companies, startDate, lookBackDays }: Config, warnings: readonly string[]): Finding[] {
  const what = `${companies.length} companies from ${startDate}, looking back ${lookBackDays} days`;
  return [ok("configuration", what), ...warnings.map((text) => warning("configuration", text, null))];
}
