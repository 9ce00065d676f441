import { executeRun } from "../../src/app/run.ts";
import { wireRun } from "../../src/app/wiring/run.ts";
import { cancelOnSignals, runCancelMessage } from "../../src/cli/signals.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunEvent } from "../../src/run/events.ts";

/**
 * Runs once and sends itself a signal at the event that the first argument names: `type`, `type:number`, or the number of
 * the event alone. The second argument is the signal, SIGKILL where there is none. Settings come from the environment.
 * Prints how many events there were and how the run ended.
 */
const [point = "", signal = "SIGKILL"] = process.argv.slice(2);
const [type, number = "1"] = /^\d+$/.test(point) ? ["", point] : point.split(":");
let seen = 0;
let all = 0;
const { config } = loadConfig({}, undefined, new Date().toISOString().slice(0, 10));
const cancellation = cancelOnSignals(runCancelMessage);
const options = { resetState: false, skipDbt: false, acceptWithdrawals: false, acceptSource: false, trigger: "cli" };
const report = await executeRun(wireRun(config, console.error), options, cancellation.signal, (event: RunEvent) => {
  all++;
  if ((type === "" || event.type === type) && ++seen === Number(number)) process.kill(process.pid, signal);
});
cancellation.stop();
process.stdout.write(`${all} events, ${report.state}\n`);
