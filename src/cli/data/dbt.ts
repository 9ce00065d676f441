import { dbtDocs, dbtOnWarehouse } from "../../app/wiring/dbt.ts";
import { warehouseAccess } from "../../app/wiring/warehouse.ts";
import { PipelineError } from "../../run/errors.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals } from "../signals.ts";
import { printNotice } from "../terminal/console.ts";

/** `pipeline dbt -- ARGS`, and `pipeline dbt docs`. */
export async function dbtCommand(args: readonly string[], options: GlobalOptions): Promise<number> {
  const { config } = await configOf(options);
  const warehouse = warehouseAccess(config, printNotice);
  if (!(await warehouse.exists())) {
    throw new PipelineError({
      code: "warehouse_unusable",
      message: `There is no warehouse ${warehouse.place} yet.`,
      data: "Nothing was made or changed.",
      next: "Load something first: pipeline run",
    });
  }
  const cancellation = cancelOnSignals({
    subject: "dbt",
    data: "What it had built stands.",
    next: "Start it again.",
  });
  const progress = (step: string) => void (options.quiet || process.stderr.write(`dbt: ${step}\n`));
  const show = (stream: "stdout" | "stderr", line: string) => void process[stream].write(`${line}\n`);
  const color = process.stdout.isTTY === true && options.color !== false && config.env.NO_COLOR === undefined;
  try {
    if (args.length !== 1 || args[0] !== "docs") {
      return await dbtOnWarehouse(config, args, cancellation.signal, {
        ...{ color, progress, onNotice: printNotice },
        onLine: show,
      });
    }
    const onLine = options.verbose ? show : () => undefined;
    const file = await dbtDocs(config, cancellation.signal, {
      ...{ color: false, progress, onLine },
      onNotice: printNotice,
    });
    process.stdout.write(options.json ? `${JSON.stringify({ file })}\n` : `${file}\n`);
    return 0;
  } finally {
    cancellation.stop();
  }
}
