import type { Command } from "commander";
import { checkWritable } from "../../app/home/record.ts";
import { makeSchedule, type ScheduleText, scheduleExists } from "../../app/schedules.ts";
import { cronTimes, formatInZone, nextTimes } from "../../schedule/cron.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import { withHomeOptions } from "../hints.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { settingsOf } from "../run/run.ts";
import { wrong } from "../usage-error.ts";

export type AddOptions = GlobalOptions & ScheduleText;

/** `pipeline schedule add`. `run` is the command whose options a schedule may carry. */
export async function scheduleAdd(
  name: string,
  runOptions: string[],
  run: Command,
  options: AddOptions,
): Promise<number> {
  const now = Date.now();
  const schedule = makeSchedule(name, runOptions, options, now);
  const { timezone } = schedule;
  const { config } = await checkRunOptions(runOptions, run, options);
  const path = ScheduleStore.fileOf(config.home);
  checkWritable(config.home);
  const store = ScheduleStore.open(path);
  try {
    if (!store.add(schedule)) throw scheduleExists(name);
  } finally {
    store.close();
  }
  if (options.quiet) return 0;
  const next = nextTimes(cronTimes(schedule.cron, timezone), now, 5);
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ ...schedule, next: next.map((at) => new Date(at).toISOString()) }, isoTimes)}\n`,
    );
    return 0;
  }
  process.stdout.write(`Added ${name}: ${schedule.cron} in ${timezone}. Its next times:\n`);
  for (const at of next) process.stdout.write(`  ${formatInZone(at, timezone)}\n`);
  process.stdout.write(withHomeOptions("Runs start while a server is up: pipeline server start --background\n"));
  return 0;
}

/** What is wrong with a run's options is said now, not at night. */
async function checkRunOptions(runOptions: string[], run: Command, options: GlobalOptions) {
  const { operands, unknown } = run.parseOptions(runOptions);
  const odd = unknown[0] ?? operands[0];
  if (odd !== undefined) throw wrong(`\`${odd}\` is no option of \`pipeline run\`.`, "See: pipeline run --help");
  const given = run.opts();
  if (["dryRun", "trigger", "runId", "source"].some((key) => run.getOptionValueSource(key) === "cli")) {
    throw wrong(
      "A schedule's runs take no --dry-run, --trigger or --source.",
      "Leave it out; --source of `schedule add` itself chooses whose schedule it is.",
    );
  }
  return configOf({ ...options, ...given }, settingsOf(given));
}

/** Times of a schedule as text; everything else stays. */
function isoTimes(key: string, value: unknown): unknown {
  return (key === "createdAt" || key === "nextDueAt") && typeof value === "number"
    ? new Date(value).toISOString()
    : value;
}
