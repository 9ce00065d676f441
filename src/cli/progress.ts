import type { Emit, RunEvent } from "../pipeline/events.ts";
import { count, duration } from "./table.ts";

export type ProgressOptions = {
  write(line: string): void;
  /** Milliseconds between two lines of the same long work. */
  everyMs: number;
  verbose: boolean;
};

/** Tells people what a run does, a line at a time. */
export function progressPrinter({ write, everyMs, verbose }: ProgressOptions): Emit {
  const rows = new Map<string, number>();
  const lastTold = new Map<string, number>();
  const companyOf = (task: string) => /\[(.*)\]$/.exec(task)?.[1] ?? task;
  /** True when it is time for another line about `what`. */
  const isDue = (what: string, event: RunEvent): boolean => {
    const at = Date.parse(event.at);
    if (at - (lastTold.get(what) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    lastTold.set(what, at);
    return true;
  };

  return (event) => {
    switch (event.type) {
      case "run.started":
        write(`${event.flow}, as of ${event.asOf}, into ${event.database}`);
        break;
      case "names.vanished":
        write(
          `warning: "${event.company}" matches nothing at the source any more; going on with ${event.names.join(", ")}`,
        );
        break;
      case "window.resolved":
        write(`${event.company}: ${event.names.join(", ")}, ${event.from} to ${event.to} (${event.why})`);
        break;
      case "source.request":
        if (verbose) write(`${companyOf(event.task)}: GET ${event.url}`);
        break;
      case "source.retry":
        write(
          `${companyOf(event.task)}: ${event.error.code}, attempt ${event.attempt}; again in ${duration(event.waitMs)}`,
        );
        break;
      case "source.wait":
        if (event.waitMs > 2000 && isDue("wait", event)) {
          write(`waiting ${duration(event.waitMs)}: the source allows ${event.perMinute} questions a minute`);
        }
        break;
      case "page.landed": {
        const seen = (event.page === 1 ? 0 : (rows.get(event.task) ?? 0)) + event.rows;
        rows.set(event.task, seen);
        if (seen < event.total && isDue(event.task, event)) {
          write(`${companyOf(event.task)}: ${count(seen)} of ${count(event.total)} rows`);
        }
        break;
      }
      case "load.reconciled": {
        const verdict = event.live === event.expected ? "complete" : "does not add up";
        write(`${companyOf(event.task)}: ${count(event.live)} of ${count(event.expected)}: ${verdict}`);
        break;
      }
      case "load.merged":
        if (verbose) {
          const { inserted, updated, deleted, unchanged } = event;
          write(
            `${companyOf(event.task)}: ${count(inserted)} new, ${count(updated)} changed, ${count(deleted)} withdrawn, ${count(unchanged)} unchanged`,
          );
        }
        break;
      case "task.retry":
        write(
          `${companyOf(event.task)}: ${event.error.code}, attempt ${event.attempt}; starts again in ${duration(event.waitMs)}`,
        );
        break;
      case "task.state":
        tellState(event, companyOf(event.task), write);
        break;
      case "dbt.environment":
        if (/ (once|ready)/.test(event.step) || isDue("environment", event)) write(`dbt: ${event.step}`);
        break;
      case "dbt.started":
        write("dbt: building and testing the models");
        isDue("dbt", event);
        break;
      case "dbt.node":
        if (event.node.status === "fail" || event.node.status === "error" || event.node.status === "warn") {
          const { kind, name, status, message } = event.node;
          write(`dbt: ${kind} ${name}: ${status}${message === null ? "" : ` (${message.split("\n")[0]})`}`);
        } else if (verbose || isDue("dbt", event))
          write(`dbt: ${event.node.kind} ${event.node.name}: ${event.node.status}`);
        break;
      case "publish.table":
        if (verbose) write(`publish: ${event.table}, ${count(event.rows)} rows`);
        break;
      case "dbt.output":
        if (verbose || event.level === "error") write(`dbt: ${event.text}`);
        break;
      default:
        break;
    }
  };
}

function tellState(event: RunEvent & { type: "task.state" }, what: string, write: (line: string) => void): void {
  if (event.task.startsWith("extract_and_load") && (event.state === "Failed" || event.state === "TimedOut")) {
    write(`${what}: failed (${event.error?.code})`);
  }
  if (event.task === "run_dbt_models" && event.state === "Skipped") write(`dbt: not started (${event.reason})`);
}
