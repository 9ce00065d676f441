import type { EventFacts } from "./events.ts";

export const levels = { debug: 10, info: 20, warn: 30, error: 40 } as const;
export type Level = keyof typeof levels;

/** How much an event matters to somebody who reads what happened. */
export function levelOf(event: EventFacts): Level {
  switch (event.type) {
    case "source.request":
    case "source.answered":
    case "page.received":
    case "file.received":
    case "page.landed":
    case "load.staged":
    case "publish.table":
    case "dbt.usage":
    case "dbt.total":
    case "source.waited":
    case "scopes.planned":
      return "debug";
    case "dbt.output":
      return event.level;
    case "dbt.node":
      if (event.node.status === "fail" || event.node.status === "error") return "error";
      return event.node.status === "warn" ? "warn" : "debug";
    case "task.state":
      return event.state === "Failed" || event.state === "TimedOut" ? "error" : "info";
    case "run.finished":
      return event.state === "Completed" ? "info" : "error";
    case "task.retry":
    case "source.retry":
    case "names.noted":
    case "history.lost":
    case "budget.lost":
    case "secret.short":
    case "secret.readable":
    case "upkeep.failed":
    case "notify.failed":
    case "run.cancelling":
      return "warn";
    case "run.started":
    case "source.wait":
    case "window.resolved":
    case "run.planned":
    case "load.merged":
    case "landed.reused":
    case "load.reconciled":
    case "load.committed":
    case "warehouse.opened":
    case "warehouse.closed":
    case "dbt.environment":
    case "dbt.started":
    case "state.committed":
    case "notify.sent":
    case "published":
      return "info";
    default:
      // Of a run of another version.
      event satisfies never;
      return "info";
  }
}
