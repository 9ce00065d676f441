import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import type { ImportedFile } from "../../pipeline/flow/values.ts";
import { everyCompany } from "../../pipeline/names/every.ts";
import { dayOf, earlier, isDay } from "../../pipeline/window/days.ts";
import { configOf } from "../options.ts";
import { wrong } from "../usage-error.ts";
import { type RunCommandOptions, runAndPrint, settingsOf, startedBy } from "./run.ts";

export type ImportOptions = RunCommandOptions & { allCompanies?: boolean };

/** `pipeline import`: loads a file of complaints from disk; no watermark moves. */
export async function importCommand(path: string, options: ImportOptions): Promise<number> {
  const { allCompanies = false, companies, asOf: day, skipDbt = false, acceptSource = false } = options;
  if (allCompanies && companies !== undefined)
    throw wrong("--all-companies and --companies were both given.", "Give one of them.");
  const chosen = allCompanies
    ? { companies: [everyCompany] }
    : settingsOf(companies === undefined ? {} : { companies });
  const loaded = await configOf(options, chosen);
  const file = fileAt(path, day, loaded.config.asOf);
  return runAndPrint(loaded, options, {
    ...{ resetState: false, skipDbt, acceptWithdrawals: false, acceptSource },
    ...startedBy(options),
    file,
  });
}

/** What a file is. It shows a day: that which is given, or the one on which it was last changed. */
function fileAt(path: string, given: string | undefined, today: string): ImportedFile {
  const stats = statOf(path);
  if (given !== undefined && !isDay(given)) throw wrong(`--as-of is "${given}": expected a day such as 2026-11-20.`);
  if (given !== undefined && given > today) throw wrong(`--as-of ${given} is after today (${today} in UTC).`);
  const day = given ?? earlier(dayOf(stats.mtimeMs), today);
  return { path: resolve(path), format: isZip(path) ? "bulk-zip" : "bulk-csv", bytes: stats.size, day };
}

function statOf(path: string): Stats {
  try {
    const stats = statSync(path);
    if (stats.isFile()) return stats;
  } catch (error) {
    throw wrong(
      `${path} cannot be read: ${(error as Error).message}.`,
      "Give the path of a CSV file, or of a zip of one.",
    );
  }
  throw wrong(`${path} is no file.`, "Give the path of a CSV file, or of a zip of one.");
}

const startOfZip = "PK\u0003\u0004";

function isZip(path: string): boolean {
  const start = Buffer.alloc(startOfZip.length);
  const file = openSync(path, "r");
  try {
    return readSync(file, start) === start.length && start.toString("latin1") === startOfZip;
  } finally {
    closeSync(file);
  }
}
