import { openWarehouse } from "../../src/warehouse/open.ts";
import { testContext } from "./context.ts";
import { complaint, loader } from "./warehouse.ts";

/**
 * Loads the complaints "1", of another state than before, and "3" into the warehouse at an address, with the right to write it, as the run
 * `elsewhere`: as one scope, or, where the last argument is `parts`, the days before and from June on by themselves, and reconciles them.
 * Kills itself at the event that the third argument names, if any: `type`, or `type:number`.
 */
const [url = "", published = "", point = "", way = ""] = process.argv.slice(2);
const [event, number = "1"] = point.split(":");
let seen = 0;
const report = ({ type }: { type: string }) => {
  if (type === event && ++seen === Number(number)) process.kill(process.pid, "SIGKILL");
};
const warehouse = openWarehouse(url, { memoryLimit: "512MB", threads: 2, relations: [], published }, report);
const lock = await warehouse.lock();
const load = loader(warehouse);
const context = { ...testContext(), report };
const rows = [complaint("1", { state: "TX" }), complaint("3")];
if (way === "parts") {
  const all = { from: "2026-01-01", to: "2026-12-31" };
  const [spring, rest] = [
    { from: all.from, to: "2026-05-31" },
    { from: "2026-06-01", to: all.to },
  ];
  const part = (window: typeof all) => ({ runId: "elsewhere", id: `acme ${window.from}`, window, all });
  const loads = [await load(rows, part(spring), context), await load([], part(rest), context)];
  const loadIds = loads.map(({ loadId }) => loadId);
  const request = { company: "acme", names: ["ACME BANK"], window: all, loadIds, runId: "elsewhere", source: "live" };
  await warehouse.reconcileWindow({ ...request, withdrawals: "usual" }, context);
} else await load(rows, { runId: "elsewhere" }, context);
await warehouse.close();
await lock.release();
