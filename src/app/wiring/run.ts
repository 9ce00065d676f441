import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { Recorder, type RecorderOptions } from "../../history/recorder.ts";
import type { NewRun } from "../../history/statements.ts";
import type { Day } from "../../pipeline/days.ts";
import type { Ports } from "../../pipeline/ports.ts";
import type { Remembered } from "../../pipeline/window.ts";
import type { Report } from "../../run/events.ts";
import { systemClock } from "../../runtime/clock.ts";
import { removeLanded } from "../../source/landing.ts";
import { refuseOtherSource } from "../home-record.ts";
import { historyFile } from "../runs.ts";
import { wireTransform } from "./dbt.ts";
import { wireTasks } from "./engine.ts";
import { openSource, proxyOf } from "./source.ts";
import { keyOf, loadedSource, wireWarehouse } from "./warehouse.ts";

/** Everything that a run holds, for {@link Wired.close} to give back. */
export type Wired = {
  ports: Ports;
  /** What the warehouse remembers. */
  remembered: Remembered;
  close(): Promise<void>;
};

/** Writes a run into the history of its home. */
export function recordRun(config: Config, run: NewRun, told: Pick<RecorderOptions, "warn" | "onCancel">): Recorder {
  return new Recorder(run, { path: historyFile(config.home), ...told });
}

export type WireOptions = {
  skipDbt: boolean;
  /** Whose complaints the source has. */
  source: string;
  /** Complaints of another source may be there. */
  acceptSource: boolean;
  /** The day that a made-up source shows. */
  sourceDay?: Day;
};

/**
 * The adapters of one run. What needs no network is checked first: Python where dbt will run, and that the file can be
 * opened. The caller holds the lock.
 */
export async function wireRun(
  config: Config,
  { skipDbt, sourceDay, acceptSource, source: identity }: WireOptions,
  signal: AbortSignal,
  report: Report,
): Promise<Wired> {
  const landing = join(config.home, "landing", keyOf(config.database));
  proxyOf(config);
  const transform = wireTransform(config, signal);
  if (!skipDbt) await transform.check();
  const warehouse = wireWarehouse(config, report);
  try {
    if (!acceptSource) refuseOtherSource(await loadedSource(config, warehouse), identity, `${config.database} has`);
    const remembered = await warehouse.remembered();
    // What lies here is of a run that was killed: the lock says that no other is alive.
    await removeLanded(landing);
    const { source, close } = await openSource(config, landing, signal, sourceDay);
    const tasks = wireTasks(config, signal, report);
    return {
      ports: { source, warehouse, transform, tasks, report, clock: systemClock },
      remembered,
      async close() {
        await transform.stop();
        await warehouse.close();
        try {
          await close();
        } finally {
          await removeLanded(landing);
        }
      },
    };
  } catch (error) {
    await warehouse.close();
    throw error;
  }
}
