import { incompleteAnswer, unknownFormat } from "../client/failures.ts";
import type { LandedSql } from "../landed-sql.ts";

const sql = `select count(*), count("Complaint ID") from read_csv($file, header = true, all_varchar = true, delim = ',', quote = '"',
  escape = '"', nullstr = 'None')`;

/** Rows of a landed export, its header left out. Throws a retryable error where it ends within a row, `source_unexpected` where it has no ids. */
export async function countRowsOf(file: string, url: string, landed: LandedSql): Promise<number> {
  const [[rows, ids] = []] = await landed.query(sql, file).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (/Referenced column/i.test(message))
      throw unknownFormat(url, "its CSV has no column `Complaint ID`", file, error);
    throw incompleteAnswer(url, "source_cut", "its CSV ends early or is damaged", error);
  });
  if (rows !== ids) throw incompleteAnswer(url, "source_cut", "its CSV has rows without an id");
  return Number(rows);
}
