import type { Report } from "../run/events.ts";
import { ProcessLock } from "./duckdb/lock.ts";
import { DuckDbWarehouse } from "./duckdb/warehouse.ts";
import type { Holder, Warehouse, WarehouseOptions } from "./warehouse.ts";

/** The warehouse at an address: the path of a DuckDB file. Nothing is made or opened yet. */
export function openWarehouse(url: string, options: WarehouseOptions, report: Report): Warehouse {
  return new DuckDbWarehouse({ path: url, ...options }, report);
}

/** Who has the warehouse at an address now; does not disturb one who takes it. */
export async function holderOf(url: string): Promise<Holder | undefined> {
  return ProcessLock.holderOf(url);
}
