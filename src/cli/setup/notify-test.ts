import { testChannels } from "../../app/notices.ts";
import { wireNotify } from "../../app/wiring/notify.ts";
import { plural } from "../../pipeline/report/format.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { styleFor } from "../terminal/style.ts";
import { wrong } from "../usage-error.ts";

/** `pipeline notify test`: exit code 1 where a channel did not take it. */
export async function notifyTest(options: GlobalOptions): Promise<number> {
  const { config } = await configOf(options);
  const cancellation = cancelOnSignals(readingCancelMessage("The test"));
  try {
    const sent = await testChannels(wireNotify(config), cancellation.signal);
    if (sent.length === 0) {
      throw wrong(
        "No channel is configured.",
        "Add one under notify: in pipeline.yaml; a file with an example of each: pipeline init --config NEW.yaml",
        "Nothing was sent.",
      );
    }
    const style = styleFor(process.stdout, options, config.env);
    if (options.json) process.stdout.write(`${JSON.stringify(sent)}\n`);
    else {
      for (const { channel, attempts, error } of sent) {
        if (error === null && options.quiet) continue;
        const said =
          error === null ? style.good("sent") : style.bad(`not sent after ${plural(attempts, "attempt")}: ${error}`);
        process.stdout.write(`${channel.padEnd(8)} ${said}\n`);
      }
    }
    return sent.every(({ error }) => error === null) ? 0 : 1;
  } finally {
    cancellation.stop();
  }
}
