import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isAlive, leaseOf } from "../../history/lease.ts";
import { startLogged } from "../../process/logged.ts";
import { PipelineError } from "../../run/errors.ts";
import { isFinal } from "../../run/states.ts";
import type { Schedule } from "../../schedule/due.ts";
import type { RunLauncher } from "../../schedule/scheduler.ts";
import type { Slot } from "../../schedule/store.ts";
import { warehouseHolder, withRuns } from "../home/runs.ts";
import type { ServeSettings } from "../wiring/serve.ts";

/**
 * The runs of a scheduler: each is a process of its own that neither the server's end nor its crash touches. What it prints goes
 * to `<home>/scheduled-runs.log`.
 */
export function scheduledRuns(settings: ServeSettings, command: OwnCommand, listener: RunListener): RunLauncher {
  const { home, database, env } = settings;
  return {
    starter: leaseOf(process.pid),
    isBusy: async () => (await warehouseHolder(database)) !== undefined,
    isAlive: (starter) => isAlive({ ...starter, namespace: starter.namespace ?? null }),
    late: listener.late,
    async stateOf(runId) {
      const found = await withRuns(home, async (history) => {
        const [run] = await history.find(runId);
        if (run === undefined) return (await history.refusal())?.runId === runId ? "over" : "unknown";
        return isFinal(run.state) ? "over" : "open";
      });
      return found ?? "unknown";
    },
    async start(schedule, runId) {
      try {
        const words = ["run", "-q", "--trigger", "schedule", "--run-id", runId, ...schedule.runOptions];
        const child = startRun(command(words), home, env);
        listener.started(schedule, runId);
        const [code] = (await once(child, "close")) as [number | null];
        listener.ended(schedule, runId, code);
        return code;
      } catch (error) {
        listener.ended(schedule, runId, null, error);
        return null;
      }
    },
  };
}

/** The command line of this program with these words, to be started from anywhere. */
export type OwnCommand = (words: readonly string[]) => readonly [string, ...string[]];

/** Starts a run for a server; it outlives it and says what it says in a log. Throws `schedule_failed` where that cannot be written. */
export function startRun(command: readonly string[], home: string, env: Record<string, string>): ChildProcess {
  const path = join(home, "scheduled-runs.log");
  const unwritable = (error: Error) =>
    new PipelineError(
      {
        code: "schedule_failed",
        message: `The log of the runs, ${path}, cannot be written: ${error.message}.`,
        data: "No run was started.",
        next: "See that it is a file that can be written.",
      },
      { cause: error },
    );
  return startLogged(command, { env, path, unwritable });
}

/** Is called with what the scheduler does. */
type RunListener = {
  started(schedule: Schedule, runId: string): void;
  ended(schedule: Schedule, runId: string, code: number | null, error?: unknown): void;
  late(schedule: Schedule, slot: Slot): void;
};
