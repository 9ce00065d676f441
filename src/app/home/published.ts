import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { currentSnapshot } from "../../snapshot/current.ts";
import { type SqlLimits, SqlSession } from "../../snapshot/sql.ts";

/** Where a home publishes its snapshots. */
export function publishedFolder(home: string): string {
  return join(home, "published");
}

/** The name of the snapshot that is current now; null where nothing is published. */
export function currentSnapshotName(home: string): string | null {
  try {
    return basename(realpathSync(join(publishedFolder(home), "current")));
  } catch {
    return null; // nothing is published
  }
}

/** SQL on the snapshot that is published now. Throws `nothing_published`. */
export async function openPublished(home: string, limits: SqlLimits): Promise<SqlSession> {
  return new SqlSession(await currentSnapshot(publishedFolder(home)), limits);
}
