import type { Config } from "../../config/config.ts";
import { currentSnapshot, type Snapshot } from "../../snapshot/current.ts";
import { type ExportFormat, exportSnapshot } from "../../snapshot/export.ts";
import type { SqlLimits, SqlSession } from "../../snapshot/sql.ts";
import { openPublished, publishedFolder } from "../home/published.ts";

/** SQL on the snapshot that is published now. */
export async function openSql(config: Config, limits: Omit<SqlLimits, "threads">): Promise<SqlSession> {
  const { threads } = config.duckdb;
  return openPublished(config.home, { ...limits, threads });
}

/** Writes the published tables into a folder; gives the names of its files. */
export async function exportPublished(
  config: Config,
  to: string,
  format: ExportFormat,
  signal: AbortSignal,
  spreadsheet: boolean,
): Promise<string[]> {
  return exportSnapshot(await currentSnapshot(publishedFolder(config.home)), to, format, signal, spreadsheet);
}

/** The published snapshot. Throws `nothing_published`. */
export async function publishedSnapshot(config: Config): Promise<Snapshot> {
  return currentSnapshot(publishedFolder(config.home));
}
