import { type ErrorFacts, readErrorFacts } from "./errors.ts";
import type { NameNote } from "./name-notes.ts";
import type { State } from "./states.ts";

/** One check of a model and how it ended; unknown where dbt said how many failed and not which. */
export type DbtCheck = {
  /** As the project names it, such as unique_complaint_id. */
  name: string;
  column: string | null;
  status: "pass" | "warn" | "fail" | "error" | "skipped" | "unknown";
  /** What a failed one found: how many rows, the key of one of them, and the SQL that shows them. */
  found: { rows: number; example: string | null; sql: string } | null;
};

/** What a dbt node is and how it ended. */
export type DbtNode = {
  id: string;
  name: string;
  kind: "model" | "test" | "unit_test" | "seed" | "other";
  status: "success" | "pass" | "warn" | "fail" | "error" | "skipped";
  durationMs: number;
  /** Rows that failed a test; of a list of checks, the checks that failed. */
  failures: number | null;
  message: string | null;
  /** The model that a list of checks is about, else null. */
  model: string | null;
  /** Of a list of checks each one; none of any other node. */
  checks: DbtCheck[];
};

/** A node as an earlier version kept it, which knew no checks. */
export function readNode<T extends Omit<DbtNode, "model" | "checks">>(node: T): T & DbtNode {
  return { model: null, checks: [], ...node };
}

/**
 * What happened, as facts; whoever shows it finds the words. One for each boundary that a run crosses. What happens in a task names it, and
 * the company that it is for.
 */
export type EventFacts =
  | { type: "run.started"; flow: string; database: string; source: string; asOf: string }
  | { type: "run.finished"; state: State; durationMs: number }
  /** The history cannot be written any more; the run goes on. */
  | { type: "history.lost"; message: string }
  /** A secret cannot be kept out of texts: it has fewer letters than `least`. `place` is where it stands. */
  | { type: "secret.short"; place: string; least: number }
  /** The file of a secret may be read by other users of the machine. */
  | { type: "secret.readable"; path: string }
  /** Something was done, and what should follow it could not be; it changes no result. */
  | { type: "upkeep.failed"; what: string; reason: string }
  /** Somebody asked for the end; what is under way stops. */
  | { type: "run.cancelling"; reason: string }
  | {
      type: "task.state";
      task: string;
      company?: string;
      state: State;
      attempt: number;
      reason?: string;
      error?: ErrorFacts;
    }
  | { type: "task.retry"; task: string; company?: string; attempt: number; waitMs: number; error: ErrorFacts }
  | { type: "source.request"; task: string; company?: string; attempt: number; url: string }
  | { type: "source.answered"; task: string; company?: string; attempt: number; status: number; ms: number }
  | { type: "source.retry"; task: string; company?: string; attempt: number; waitMs: number; error: ErrorFacts }
  /** It waits for its turn. */
  | { type: "source.wait"; task: string; company?: string; waitMs: number; perMinute: number }
  /** It has waited, for its turn or before it asked again, whatever was said before. */
  | { type: "source.waited"; task: string; company?: string; ms: number }
  /** What of a company's names is not as it was. */
  | { type: "names.noted"; company: string; note: NameNote }
  | { type: "window.resolved"; company: string; names: string[]; from: string; to: string; why: string }
  | { type: "page.received"; task: string; company?: string; page: number; bytes: number }
  | { type: "page.landed"; task: string; company?: string; page: number; rows: number; total: number; bytes: number }
  | { type: "load.staged"; task: string; company?: string; rows: number; rejected: number }
  | {
      type: "load.merged";
      task: string;
      company?: string;
      inserted: number;
      updated: number;
      deleted: number;
      unchanged: number;
    }
  | { type: "load.reconciled"; task: string; company?: string; expected: number; live: number }
  | { type: "load.committed"; task: string; company?: string; loadId: string }
  | { type: "warehouse.opened" }
  | { type: "warehouse.closed" }
  | { type: "dbt.environment"; step: string }
  | { type: "dbt.started" }
  /** How many models, seeds and tests dbt has to do. */
  | { type: "dbt.total"; total: number }
  | { type: "dbt.node"; node: DbtNode }
  | { type: "dbt.output"; level: "debug" | "info" | "warn" | "error"; text: string }
  | { type: "dbt.usage"; cpuMs: number; peakRssBytes: number }
  | { type: "state.committed"; company: string; loadedThrough: string }
  | { type: "notify.sent"; task: string; company?: string; channel: string; kind: string; attempts: number }
  /** It did not get through; `again`: it is tried later. */
  | {
      type: "notify.failed";
      task: string;
      company?: string;
      channel: string;
      kind: string;
      attempts: number;
      reason: string;
      again: boolean;
    }
  | { type: "publish.table"; task: string; company?: string; table: string; rows: number; bytes: number }
  | { type: "published"; snapshot: string; tables: number };

/** An event as the history keeps it: that of an earlier version lacks what was added since. */
export function readEvent(kept: EventFacts): EventFacts {
  if (kept.type === "dbt.node") return { ...kept, node: readNode(kept.node) };
  const facts = "error" in kept && kept.error !== undefined ? { ...kept, error: readErrorFacts(kept.error) } : kept;
  if (!("task" in facts) || facts.company !== undefined) return facts;
  // Earlier versions said the company in the name of the task alone.
  const company = /\[(.*)\]$/s.exec(facts.task)?.[1];
  return company === undefined ? facts : { ...facts, company };
}

export type RunEvent = EventFacts & { runId: string; at: string };

/** Receives every event of a run. Must not throw and must not take long. */
export type Emit = (event: RunEvent) => void;

/** Receives what happened; whoever made it adds run and time. */
export type Report = (event: EventFacts) => void;
