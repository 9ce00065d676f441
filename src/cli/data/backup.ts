import { dirname, resolve } from "node:path";
import { backUp } from "../../app/backup/backup.ts";
import { restore } from "../../app/backup/restore.ts";
import { warehouseAccess } from "../../app/wiring/warehouse.ts";
import { formatBytes, plural } from "../../pipeline/report/format.ts";
import { withHomeOptions } from "../hints.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals } from "../signals.ts";
import { printNotice } from "../terminal/console.ts";
import { wrong } from "../usage-error.ts";

export type BackupCommandOptions = GlobalOptions & { to: string; wait: string };

/** `pipeline backup`. */
export async function backupCommand(options: BackupCommandOptions): Promise<number> {
  const seconds = options.wait.trim() === "" ? Number.NaN : Number(options.wait);
  if (!(seconds >= 0 && seconds <= 86_400)) {
    throw wrong(`--wait is "${options.wait}": expected seconds, from 0 to 86400.`);
  }
  if (options.to.trim() === "") throw wrong("--to is empty.", "Name a folder that is empty, or not there yet.");
  const { config } = await configOf(options);
  const { home, database, version } = config;
  const warehouse = warehouseAccess(config, printNotice);
  const cancellation = cancelOnSignals({
    subject: "The backup",
    data: "Nothing is left of it.",
    next: "Start it again.",
  });
  try {
    const { files, rows } = await backUp(
      { home, database, version, warehouse },
      {
        ...{ to: options.to, waitMs: seconds * 1000, signal: cancellation.signal },
        onWait: (what) => void (options.quiet || process.stderr.write(`${what} Waiting for it.\n`)),
      },
    );
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    const folder = resolve(options.to);
    if (options.json) process.stdout.write(`${JSON.stringify({ folder, rows, files: files.length, bytes: size })}\n`);
    else if (!options.quiet) {
      process.stdout.write(
        `${folder}: ${plural(rows, "complaint")}, ${plural(files.length, "file")}, ${formatBytes(size)}\n`,
      );
      process.stdout.write(
        withHomeOptions(
          `Put it into a home of its own with: pipeline restore ${JSON.stringify(folder)} --home restored\n`,
        ),
      );
    }
    return 0;
  } finally {
    cancellation.stop();
  }
}

export type RestoreOptions = GlobalOptions & { force?: boolean; acceptSource?: boolean };

/** `pipeline restore`. */
export async function restoreCommand(folder: string, options: RestoreOptions): Promise<number> {
  if (folder.trim() === "")
    throw wrong("The folder of the backup is empty.", "Name the folder that `pipeline backup` wrote.");
  const { config } = await configOf(options);
  const { home, database, source } = config;
  const warehouse = warehouseAccess(config, printNotice);
  const { force = false, acceptSource = false } = options;
  const data = "What was moved is moved back, and what was copied is removed: the home is as it was.";
  const cancellation = cancelOnSignals({
    subject: "Restoring",
    data,
    next: "Start it again, with --force where it refuses.",
  });
  try {
    const { manifest, kept } = await restore(
      { home, database, source, warehouse },
      folder,
      { force, acceptSource },
      cancellation.signal,
    );
    const { rows, madeAt } = manifest;
    // The folder that has all of it, as a rule.
    const [first] = kept;
    const keptIn = first === undefined ? null : dirname(first);
    if (options.json) process.stdout.write(`${JSON.stringify({ home, rows, madeAt, kept: keptIn, aside: kept })}\n`);
    else if (!options.quiet) {
      process.stdout.write(`${home}: ${plural(rows, "complaint")}, as they were at ${madeAt}; every file is right.\n`);
      for (const path of kept) process.stdout.write(`What stood there is in ${path}\n`);
      process.stdout.write(withHomeOptions("Next: pipeline run\n"));
    }
    return 0;
  } finally {
    cancellation.stop();
  }
}
