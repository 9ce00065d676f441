import type { Report } from "../run/events.ts";
import { DuckDbWarehouse } from "./duckdb/warehouse.ts";
import type { Warehouse, WarehouseOptions } from "./warehouse.ts";

/** The warehouse at an address: the path of a DuckDB file. Nothing is made or opened yet. */
export function openWarehouse(url: string, options: WarehouseOptions, report: Report): Warehouse {
  return new DuckDbWarehouse({ path: url, ...options }, report);
}
