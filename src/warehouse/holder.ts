import { ProcessLock } from "./duckdb/lock.ts";
import type { Holder } from "./warehouse.ts";

/** Who has the warehouse at an address now; does not disturb one who takes it. Loads no database. */
export async function holderOf(url: string): Promise<Holder | undefined> {
  return ProcessLock.holderOf(url);
}
