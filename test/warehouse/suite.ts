import { describe } from "node:test";
import type { Elsewhere, MadeWarehouse } from "../harness/warehouse.ts";
import { closedFileSuite } from "./suite/closed-files.ts";
import { exportSuite } from "./suite/exports.ts";
import { holdSuite } from "./suite/holding.ts";
import { killSuite } from "./suite/kills.ts";
import { loadSuite } from "./suite/loads.ts";
import { stateSuite } from "./suite/states.ts";
import { windowSuite } from "./suite/windows.ts";

export type WarehouseKind = { make(): MadeWarehouse; elsewhere: Elsewhere };

/** What every warehouse does: its rows, ledger, verdicts, refusals, what survives a kill, and two writers. */
export function warehouseSuite(name: string, { make, elsewhere }: WarehouseKind): void {
  describe(`a warehouse ${name}`, () => {
    loadSuite(make);
    exportSuite(make);
    closedFileSuite(make);
    windowSuite(make);
    stateSuite(make);
    holdSuite(make, elsewhere);
    killSuite(make, elsewhere);
  });
}
