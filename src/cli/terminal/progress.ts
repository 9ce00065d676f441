import { eventLine } from "../../pipeline/report/event-line.ts";
import type { Emit, RunEvent } from "../../run/events.ts";
import { Loads } from "./loads.ts";

export type ProgressOptions = {
  write(line: string): void;
  /** Milliseconds between two lines of the same long work. */
  everyMs: number;
  verbose: boolean;
};

/** Tells people what a run does, a line at a time. */
export function progressPrinter({ write, everyMs, verbose }: ProgressOptions): Emit {
  const loads = new Loads();
  const lastTold = new Map<string, number>();
  /** True when it is time for another line about `what`. */
  const isDue = (what: string, event: RunEvent): boolean => {
    const at = Date.parse(event.at);
    if (at - (lastTold.get(what) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    lastTold.set(what, at);
    return true;
  };

  return (event) => {
    loads.take(event);
    switch (event.type) {
      case "page.landed": {
        const line = loads.lineOf(event.task, Date.parse(event.at));
        if (line !== null && isDue(event.task, event)) write(`${event.scope ?? event.task}: ${line}`);
        const all = loads.total(Date.parse(event.at));
        if (all !== null && isDue("all loads", event)) write(`all: ${all}`);
        break;
      }
      case "landed.reused":
        write(eventLine(event));
        break;
      case "dbt.started":
        isDue("dbt", event);
        write(eventLine(event));
        break;
      case "task.state":
        tellState(event, write);
        break;
      default:
        if (isTold(event, verbose, isDue)) write(eventLine(event));
    }
  };
}

function isTold(event: RunEvent, verbose: boolean, isDue: (what: string, event: RunEvent) => boolean): boolean {
  switch (event.type) {
    case "run.started":
    case "run.cancelling":
    case "history.lost":
    case "budget.lost":
    case "secret.short":
    case "secret.readable":
    case "upkeep.failed":
    case "names.noted":
    case "notify.failed":
    case "window.resolved":
    case "run.planned":
    case "source.retry":
    case "load.reconciled":
    case "task.retry":
      return true;
    case "source.wait":
      return event.waitMs > 2000 && isDue("wait", event);
    case "file.received":
      return isDue(event.task, event);
    case "dbt.environment":
      return / (once|ready)/.test(event.step) || isDue("environment", event);
    case "dbt.node":
      return /^(fail|error|warn)$/.test(event.node.status) || verbose || isDue("dbt", event);
    case "dbt.output":
      return verbose || event.level === "error";
    case "source.request":
    case "load.merged":
    case "notify.sent":
    case "publish.table":
      return verbose;
    default:
      return false;
  }
}

function tellState(event: RunEvent & { type: "task.state" }, write: (line: string) => void): void {
  if (
    (event.step === "extract_and_load_complaints" || event.step === "reconcile_window") &&
    (event.state === "Failed" || event.state === "TimedOut")
  ) {
    write(`${event.scope ?? event.task}: failed (${event.error?.code})`);
  }
  if (event.task === "run_dbt_models" && event.state === "Skipped") write(`dbt: not started (${event.reason})`);
}
