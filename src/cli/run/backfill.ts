import { isDay } from "../../pipeline/window/days.ts";
import { configOf } from "../options.ts";
import { wrong } from "../usage-error.ts";
import { type RunCommandOptions, runAndPrint, settingsOf, startedBy } from "./run.ts";

export type BackfillOptions = RunCommandOptions & { from: string; to: string };

/** `pipeline backfill`: reads days again; no watermark moves. */
export async function backfillCommand(options: BackfillOptions): Promise<number> {
  const { from, to, skipDbt = false, acceptWithdrawals = false, acceptSource = false } = options;
  for (const [name, day] of [
    ["--from", from],
    ["--to", to],
  ] as const) {
    if (!isDay(day)) throw wrong(`${name} is "${day}": expected a day such as 2026-11-20.`);
  }
  if (from > to) throw wrong(`--from ${from} is after --to ${to}.`);
  const loaded = await configOf(options, settingsOf(options));
  if (to > loaded.config.asOf) throw wrong(`--to ${to} is after the as-of day (${loaded.config.asOf}, in UTC).`);
  const backfill = { from, to };
  return runAndPrint(loaded, options, {
    resetState: false,
    skipDbt,
    acceptWithdrawals,
    acceptSource,
    ...startedBy(options),
    backfill,
  });
}
