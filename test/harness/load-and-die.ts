import { openWarehouse } from "../../src/warehouse/open.ts";
import { testContext } from "./context.ts";
import { complaint, loader } from "./warehouse.ts";

/**
 * Loads the complaints "1", of another state than before, and "3" into the warehouse at an address, with the right to write it, as the run
 * `elsewhere`; kills itself at the event that the second argument names, if any.
 */
const [url = "", published = "", event = ""] = process.argv.slice(2);
const report = ({ type }: { type: string }) => void (type === event && process.kill(process.pid, "SIGKILL"));
const warehouse = openWarehouse(url, { memoryLimit: "512MB", threads: 2, relations: [], published }, report);
const lock = warehouse.lock();
const load = loader(warehouse);
await load([complaint("1", { state: "TX" }), complaint("3")], { runId: "elsewhere" }, { ...testContext(), report });
await warehouse.close();
lock.release();
