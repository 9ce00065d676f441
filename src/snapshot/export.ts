import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { whyFailed } from "../files/folder.ts";
import { refuseFullFolder, writeFolderAtomically } from "../files/whole-folder.ts";
import { formulaStart } from "../pipeline/report/csv.ts";
import { sqlIdentifier, sqlLiteral } from "../pipeline/sql-text.ts";
import { PipelineError } from "../run/errors.ts";
import type { Snapshot } from "./current.ts";

export const exportFormats = ["parquet", "csv", "duckdb"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * Writes every table of a snapshot into a folder that is not there yet, or is empty; the folder gets its name when it is whole.
 * Gives the names of the files. `spreadsheet`: texts in CSV that a spreadsheet would calculate get an apostrophe before them.
 */
export async function exportSnapshot(
  snapshot: Snapshot,
  to: string,
  format: ExportFormat,
  signal: AbortSignal,
  spreadsheet = false,
): Promise<string[]> {
  await refuseFullFolder(to);
  try {
    let files: string[] = [];
    await writeFolderAtomically(to, manifestFile, async (unfinished) => {
      await write(snapshot, unfinished, format, signal, spreadsheet);
      await copyFile(join(snapshot.folder, manifestFile), join(unfinished, manifestFile));
      files = (await readdir(unfinished)).sort();
    });
    return files;
  } catch (error) {
    signal.throwIfAborted();
    throw new PipelineError(
      {
        code: "export_failed",
        message: `The tables could not be written to ${to}: ${whyFailed(error, to)}.`,
        data: "Nothing is left there; the snapshot is unchanged.",
        next: "Name another folder with --to, or make room, and try again.",
      },
      { cause: error },
    );
  }
}

const manifestFile = "manifest.json";

async function write(
  { folder, manifest }: Snapshot,
  to: string,
  format: ExportFormat,
  signal: AbortSignal,
  spreadsheet: boolean,
): Promise<void> {
  if (format === "parquet") {
    for (const { file } of manifest.tables) {
      signal.throwIfAborted();
      await copyFile(join(folder, file), join(to, file));
    }
    return;
  }
  const path = format === "duckdb" ? join(to, "cfpb_complaints.duckdb") : ":memory:";
  const instance = await DuckDBInstance.create(path, { autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    for (const { name, file, columns } of manifest.tables) {
      signal.throwIfAborted();
      const all = spreadsheet ? `select ${columns.map(guarded).join(", ")} ` : "";
      const rows = `${all}from read_parquet(${sqlLiteral(join(folder, file))})`;
      await connection.run(
        format === "duckdb"
          ? `create table "${name}" as ${rows}`
          : `copy (${rows}) to ${sqlLiteral(join(to, `${name}.csv`))} (format csv, header)`,
      );
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A column whose texts no spreadsheet calculates. */
function guarded({ name, type }: { name: string; type: string }): string {
  const column = sqlIdentifier(name);
  if (type !== "VARCHAR") return column;
  return `if(regexp_matches(${column}, ${sqlLiteral(formulaStart)}), ${sqlLiteral("'")} || ${column}, ${column}) as ${column}`;
}
