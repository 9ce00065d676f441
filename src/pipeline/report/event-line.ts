import { type ErrorFacts, withoutAddress } from "../../run/errors.ts";
import type { EventFacts } from "../../run/events.ts";
import { namesText } from "../names/every.ts";
import { noteText } from "../names/names.ts";
import { failureTexts } from "./checks.ts";
import { escapeControls, formatBytes, formatCount, formatDuration, plural, shellQuote } from "./format.ts";

/** An event as a line for people, without anything in it that a terminal would obey. */
export function eventLine(event: EventFacts): string {
  return escapeControls(lineOf(event));
}

function lineOf(event: EventFacts): string {
  const who = "task" in event ? (event.scope ?? event.task) : "";
  switch (event.type) {
    case "run.started":
      return `${event.flow}, as of ${event.asOf}, into ${event.database}`;
    case "run.finished":
      return `${event.state} after ${formatDuration(event.durationMs)}`;
    case "run.cancelling":
      return `cancelling: ${event.reason}`;
    case "history.lost":
      return `warning: ${event.message}`;
    case "budget.lost":
      return `warning: requests of other processes are not counted against the source's limit (${event.reason}); this process keeps to it by itself`;
    case "secret.short":
      return `warning: the secret in ${event.place} has fewer than ${event.least} characters: it is too short to be kept out of logs`;
    case "secret.readable":
      return `warning: ${event.path} is readable by other users: chmod 600 ${shellQuote(event.path)}`;
    case "upkeep.failed":
      return `warning: ${event.what} (${event.reason})`;
    case "task.state": {
      const attempt = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
      return `${event.task}: ${event.state}${attempt}${event.reason ? ` (${event.reason})` : ""}${event.error ? ` (${event.error.code}: ${event.error.message})` : ""}`;
    }
    case "task.retry":
      return `${who}: ${causeOf(event.error)}, attempt ${event.attempt}; starts again in ${formatDuration(event.waitMs)}`;
    case "source.request":
      return `${who}: GET ${event.url}`;
    case "source.answered":
      return `${who}: ${event.status} after ${formatDuration(event.ms)}`;
    case "source.retry":
      return `${who}: ${causeOf(event.error)}, attempt ${event.attempt}; again in ${formatDuration(event.waitMs)}`;
    case "source.wait":
      return `${who}: waits ${formatDuration(event.waitMs)} for ${limitText(event)}`;
    case "source.waited":
      return `${who}: waited ${formatDuration(event.ms)}`;
    case "names.noted":
      return `warning: ${noteText(event.company, event.note)}`;
    case "window.resolved":
      return `${event.company}: ${namesText(event.names)}, ${event.from} to ${event.to} (${event.why})`;
    case "scopes.planned":
      return `${event.company}: ${plural(event.scopes.length, "scope")}`;
    case "run.planned": {
      const { scopes, requests, bytes, etaMs, reason } = event;
      return `plan: ${plural(requests, "request")} in ${plural(scopes, "scope")}, about ${formatBytes(bytes)}, about ${formatDuration(etaMs)} (${reason})`;
    }
    case "page.received":
      return `${who}: page ${event.page} received, ${formatBytes(event.bytes)}`;
    case "file.received":
      return `${who}: ${formatBytes(event.bytes)} of ${formatBytes(event.of)} received`;
    case "page.landed":
      return `${who}: page ${event.page} landed, ${plural(event.rows, "row")} of ${formatCount(event.total)}`;
    case "landed.reused":
      return `${who}: goes on with ${plural(event.files, "file")} that an earlier start landed, ${formatCount(event.rows)} of ${formatCount(event.total)} rows`;
    case "load.staged":
      return `${who}: ${plural(event.rows, "row")} staged, ${formatCount(event.rejected)} rejected`;
    case "load.merged":
      return `${who}: ${formatCount(event.inserted)} new, ${formatCount(event.updated)} changed, ${formatCount(event.deleted)} withdrawn, ${formatCount(event.unchanged)} unchanged`;
    case "load.reconciled": {
      const verdict = event.live === event.expected ? "complete" : "does not add up";
      return `${who}: ${formatCount(event.live)} of ${formatCount(event.expected)}: ${verdict}`;
    }
    case "load.committed":
      return `${who}: load committed`;
    case "warehouse.opened":
      return "warehouse opened";
    case "warehouse.closed":
      return "warehouse closed";
    case "dbt.environment":
      return `dbt: ${event.step}`;
    case "dbt.total":
      return `dbt: ${plural(event.total, "node")} to do`;
    case "dbt.started":
      return "dbt: building and testing the models";
    case "dbt.node": {
      const { kind, name, status, checks, model } = event.node;
      const troubles = failureTexts(event.node);
      if (troubles.length > 0) return `dbt: ${troubles.map((trouble) => trouble.split("\n")[0]).join("; ")}`;
      if (checks.length > 0) return `dbt: ${plural(checks.length, "check")} of ${model}: ${status}`;
      return `dbt: ${kind} ${name}: ${status}`;
    }
    case "dbt.output":
      return `dbt: ${event.text}`;
    case "dbt.usage":
      return `dbt: ${formatDuration(event.cpuMs)} of CPU, ${formatBytes(event.peakRssBytes)} of memory at most`;
    case "state.committed":
      return `${event.company}: loaded through ${event.loadedThrough}`;
    case "notify.sent":
      return `${event.channel}: told of ${event.kind}`;
    case "notify.failed":
      return `warning: ${event.channel} was not told of ${event.kind} after ${plural(event.attempts, "attempt")}: ${event.reason}${event.again ? "; it is tried again later" : ""}`;
    case "publish.table":
      return `publish: ${event.table}, ${plural(event.rows, "row")}`;
    case "published":
      return `published: ${plural(event.tables, "table")}, snapshot ${event.snapshot}`;
    default:
      // Of a run of another version.
      return (event satisfies never as EventFacts).type;
  }
}

/** A limit of the source, for people. */
export function limitText({
  perMinute,
  rateClass,
}: Pick<EventFacts & { type: "source.wait" }, "perMinute" | "rateClass">) {
  const plurals: Partial<Record<string, string>> = { search: "searches", export: "exports", document: "documents" };
  return `the source's limit: ${perMinute} ${plurals[rateClass] ?? "requests"} a minute`;
}

/** What went wrong, in a line: without the address that was asked, and without its period. */
function causeOf({ message }: ErrorFacts): string {
  return withoutAddress(message).replace(/\.$/, "");
}
