import { resolve } from "node:path";
import { exportPublished } from "../../app/wiring/snapshot.ts";
import { oneOf } from "../../pipeline/names/spelling.ts";
import { type ExportFormat, exportFormats } from "../../snapshot/export.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { wrong } from "../usage-error.ts";

export type ExportOptions = GlobalOptions & { to: string; format: string; spreadsheet?: boolean };

/** `pipeline export`: the published tables as files of one's own. */
export async function exportCommand(options: ExportOptions): Promise<number> {
  const { config } = await configOf(options);
  const format = formatOf(options.format);
  const { spreadsheet = false } = options;
  if (spreadsheet && format !== "csv") throw wrong("--spreadsheet is for CSV.", "Add --format csv, or leave it out.");
  if (options.to.trim() === "") throw wrong("--to is empty.", "Name a folder that is empty, or not there yet.");
  const to = resolve(options.to);
  const cancellation = cancelOnSignals(readingCancelMessage("The export"));
  try {
    const files = await exportPublished(config, to, format, cancellation.signal, spreadsheet);
    if (options.json) process.stdout.write(`${JSON.stringify({ folder: to, files })}\n`);
    else if (!options.quiet) process.stdout.write(`${files.length} files in ${to}\n`);
    return 0;
  } finally {
    cancellation.stop();
  }
}

function formatOf(text: string): ExportFormat {
  const known = exportFormats.find((format) => format === text);
  if (known !== undefined) return known;
  throw wrong(
    `--format is "${text}": expected ${oneOf(text, exportFormats)}.`,
    "Such as: pipeline export --to complaints --format csv",
    "Nothing was written.",
  );
}
