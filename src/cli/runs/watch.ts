import { isFinal } from "../../run/states.ts";
import { withHomeOptions } from "../hints.ts";
import { type ConsoleOptions, runConsole } from "../terminal/console.ts";
import { styleFor } from "../terminal/style.ts";
import { summaryText } from "../terminal/summary.ts";
import { findRun, withHistory } from "./find.ts";
import { follow } from "./logs.ts";

/** `pipeline runs watch`: a run as its own terminal shows it, until it is over. */
export async function runsWatch(id: string | undefined, options: ConsoleOptions): Promise<number> {
  return withHistory(options, async (history) => {
    const run = await findRun(history, id);
    const view = await runConsole(options, process.env);
    await follow(history, run, { level: 0 }, true, ({ event }) => view.emit(event));
    view.stop();
    const { report, state } = await history.inspect(run.no);
    if (report !== null)
      process.stdout.write(
        withHomeOptions(
          summaryText(report, styleFor(process.stdout, options, process.env), process.stdout.columns || undefined),
        ),
      );
    else if (isFinal(state)) process.stdout.write(`${run.name}: ${state}\n`);
    return 0;
  });
}
