import { isFinal } from "../pipeline/run-state.ts";
import { type ConsoleOptions, runConsole } from "./console.ts";
import { hinted } from "./hints.ts";
import { findRun, withHistory } from "./runs-find.ts";
import { follow } from "./runs-logs.ts";
import { styleFor } from "./style.ts";
import { summaryText } from "./summary.ts";

/** `pipeline runs watch`: a run as its own terminal shows it, until it is over. */
export async function runsWatch(id: string | undefined, options: ConsoleOptions): Promise<number> {
  return withHistory(options, async (history) => {
    const run = findRun(history, id);
    const view = await runConsole(options, process.env);
    await follow(history, run, { level: 0 }, true, ({ event }) => view.emit(event));
    view.stop();
    const { report, state } = history.inspect(run.no);
    if (report !== null)
      process.stdout.write(
        hinted(
          summaryText(report, styleFor(process.stdout, options, process.env), process.stdout.columns || undefined),
        ),
      );
    else if (isFinal(state)) process.stdout.write(`${run.name}: ${state}\n`);
    return 0;
  });
}
