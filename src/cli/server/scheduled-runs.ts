import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { isAlive, leaseOf, openRuns, warehouseHolder } from "../../app/runs.ts";
import type { Config } from "../../config/config.ts";
import { makeFolder } from "../../files/folder.ts";
import { privateMode } from "../../files/private-file.ts";
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
        const log = openRunsLog(home);
        const words = ["run", "-q", "--trigger", "schedule", "--run-id", runId, ...schedule.runOptions];
        const [command, ...args] = ownCommand(words, options);
        const child = spawn(command, args, { env, stdio: ["ignore", log, log], detached: true });
        closeSync(log);
        // It is not waited for when the server stops.
        child.unref();
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

/** Where runs that a server starts say what they say. Throws `schedule_failed` where it cannot be written. */
export function openRunsLog(home: string): number {
  const path = join(home, "scheduled-runs.log");
  try {
    makeFolder(home);
    return openSync(path, "a", privateMode);
  } catch (error) {
    throw new PipelineError(
      {
        code: "schedule_failed",
        what: `The log of the runs, ${path}, cannot be written: ${(error as Error).message}.`,
        data: "No run was started.",
        next: "See that it is a file that can be written.",
      },
      { cause: error },
    );
  }
}

/** Who wants to know what the scheduler does. */
export type Told = {
  started(schedule: Schedule, runId: string): void;
  ended(schedule: Schedule, runId: string, code: number | null, error?: unknown): void;
  late(schedule: Schedule, slot: Slot): void;
};
