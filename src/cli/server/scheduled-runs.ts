import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openRuns, warehouseHolder } from "../../app/runs.ts";
import type { Config } from "../../config/config.ts";
import { isAlive, leaseOf } from "../../history/lease.ts";
import { startLogged } from "../../process/logged.ts";
import { PipelineError } from "../../run/errors.ts";
import { isFinal } from "../../run/states.ts";
import type { Schedule } from "../../schedule/due.ts";
import type { Runs } from "../../schedule/scheduler.ts";
import type { Slot } from "../../schedule/store.ts";
import type { GlobalOptions } from "../options.ts";
import { ownCommand } from "../own-command.ts";

/**
 * The runs of a scheduler: each is a process of its own that neither the server's end nor its crash touches. What it prints goes
 * to `<home>/scheduled-runs.log`.
 */
export function scheduledRuns(config: Config, options: GlobalOptions, told: Told): Runs {
  const { home, database, env } = config;
  return {
    starter: leaseOf(process.pid),
    isBusy: () => warehouseHolder(database) !== undefined,
    isAlive: (starter) => isAlive({ ...starter, namespace: starter.namespace ?? null }),
    late: told.late,
    stateOf(runId) {
      const history = openRuns(home);
      try {
        const [run] = history?.find(runId) ?? [];
        if (run === undefined && history?.refusal()?.runId === runId) return "over";
        return run === undefined ? "unknown" : isFinal(run.state) ? "over" : "open";
      } finally {
        history?.close();
      }
    },
    async start(schedule, runId) {
      try {
        const words = ["run", "-q", "--trigger", "schedule", "--run-id", runId, ...schedule.runOptions];
        const child = startRun(ownCommand(words, options), home, env);
        told.started(schedule, runId);
        const [code] = (await once(child, "close")) as [number | null];
        told.ended(schedule, runId, code);
        return code;
      } catch (error) {
        told.ended(schedule, runId, null, error);
        return null;
      }
    },
  };
}

/** Starts a run for a server; it outlives it and says what it says in a log. Throws `schedule_failed` where that cannot be written. */
export function startRun(command: readonly string[], home: string, env: Record<string, string>): ChildProcess {
  const path = join(home, "scheduled-runs.log");
  const unwritable = (error: Error) =>
    new PipelineError(
      {
        code: "schedule_failed",
        what: `The log of the runs, ${path}, cannot be written: ${error.message}.`,
        data: "No run was started.",
        next: "See that it is a file that can be written.",
      },
      { cause: error },
    );
  return startLogged(command, { env, path, unwritable });
}

/** Who wants to know what the scheduler does. */
export type Told = {
  started(schedule: Schedule, runId: string): void;
  ended(schedule: Schedule, runId: string, code: number | null, error?: unknown): void;
  late(schedule: Schedule, slot: Slot): void;
};
