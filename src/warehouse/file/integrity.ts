import { existsSync } from "node:fs";
import { setTimeout } from "node:timers";
import { complaints } from "../../pipeline/dataset/complaints.ts";
import { type DatabaseOptions, readFile } from "./database.ts";
import { currentVersion, ownMigrations } from "./migrate.ts";
import { checkPath } from "./path.ts";

const { table, rejected: rejectedTable, key } = complaints;

export type Integrity = {
  rows: number;
  /** Live rows of more than one complaint with the same id. */
  doubled: number;
  rejected: number;
  /** All blocks were read; false where that took longer than a run may be kept waiting. */
  whole: boolean;
};

/** Reading on keeps a run from opening the file: it waits this long, and a little more. */
const longestMs = 1500;

/**
 * Reads a warehouse from end to end, as far as time allows: DuckDB compares every block with its checksum. Null where there is none
 * yet. Throws `warehouse_unusable`, `warehouse_foreign`, `warehouse_newer` or `warehouse_locked`.
 */
export async function checkIntegrity({ path, relations }: DatabaseOptions): Promise<Integrity | null> {
  checkPath(path, "read");
  if (!existsSync(path)) return null;
  return readFile(path, async (connection) => {
    if ((await currentVersion(connection, path, ownMigrations(), relations)) === 0) return null;
    const [counts] = (
      await connection.runAndReadAll(
        `select count(*)::double, (count(*) - count(distinct ${key}))::double,
           (select count(*) from ${rejectedTable})::double from ${table}`,
      )
    ).getRows() as [number, number, number][];
    const [rows, doubled, rejected] = counts!;
    const timer = setTimeout(() => connection.interrupt(), longestMs);
    let whole = true;
    try {
      await connection.run(`select bit_xor(hash(c)) from ${table} c`);
    } catch (error) {
      if (!(error instanceof Error && /interrupt/i.test(error.message))) throw error;
      whole = false;
    } finally {
      clearTimeout(timer);
    }
    return { rows, doubled, rejected, whole };
  });
}
