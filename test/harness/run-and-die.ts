import { loadConfig } from "../../src/config.ts";
import type { RunEvent } from "../../src/pipeline/events.ts";
import { executeRun } from "../../src/run.ts";

/**
 * Runs once and kills itself, as kill -9 would, at the event that the first argument names: `type` or `type:number`, such
 * as `load.committed:2`. Settings come from the environment.
 */
const [type = "", number = "1"] = (process.argv[2] ?? "").split(":");
let seen = 0;
const { config } = loadConfig({}, undefined, new Date().toISOString().slice(0, 10));
const options = { resetState: false, skipDbt: false, acceptWithdrawals: false };
const report = await executeRun(config, options, new AbortController().signal, (event: RunEvent) => {
  if (event.type === type && ++seen === Number(number)) process.kill(process.pid, "SIGKILL");
});
process.stdout.write(`${report.state}\n`);
