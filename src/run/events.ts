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

/** What a task is: its step, and what that is done for. */
type TaskKey = { step: string; company: string; scope: string };

/** The task in which something happens: its step, and the company and the scope that it is for. A task that is done once is for none. */
type InTask = { task: string } & Partial<TaskKey>;

/** What happened, as facts; whoever shows it finds the words. One for each boundary that a run crosses. */
export type EventFacts =
  | { type: "run.started"; flow: string; database: string; source: string; asOf: string }
  | { type: "run.finished"; state: State; durationMs: number }
  /** The history cannot be written any more; the run goes on. */
  | { type: "history.lost"; message: string }
  /** A secret cannot be kept out of texts: it has fewer letters than `least`. `place` is where it stands. */
  | { type: "secret.short"; place: string; least: number }
  /** The requests of other processes cannot be counted: this one keeps to the source's limits by itself. */
  | { type: "budget.lost"; reason: string }
  /** The file of a secret may be read by other users of the machine. */
  | { type: "secret.readable"; path: string }
  /** Something was done, and what should follow it could not be; it changes no result. */
  | { type: "upkeep.failed"; what: string; reason: string }
  /** Somebody asked for the end; what is under way stops. */
  | { type: "run.cancelling"; reason: string }
  | (InTask & {
      type: "task.state";
      state: State;
      attempt: number;
      reason?: string;
      error?: ErrorFacts;
    })
  | (InTask & { type: "task.retry"; attempt: number; waitMs: number; error: ErrorFacts })
  | (InTask & { type: "source.request"; attempt: number; url: string })
  | (InTask & { type: "source.answered"; attempt: number; status: number; ms: number })
  | (InTask & { type: "source.retry"; attempt: number; waitMs: number; error: ErrorFacts })
  /** It waits for its turn: so many requests of a class are sent in a minute. */
  | (InTask & { type: "source.wait"; waitMs: number; perMinute: number; rateClass: string })
  /** It has waited, for its turn or before it asked again, whatever was said before. */
  | (InTask & { type: "source.waited"; ms: number })
  /** What of a company's names is not as it was. */
  | { type: "names.noted"; company: string; note: NameNote }
  | { type: "window.resolved"; company: string; names: string[]; from: string; to: string; why: string }
  /** How a company's window is read: `scope` is the id of each, `expected` its rows. */
  | {
      type: "scopes.planned";
      company: string;
      scopes: { scope: string; from: string; to: string; strategy: string; expected: number }[];
    }
  /** How the run reads all windows, and how long that takes. */
  | { type: "run.planned"; scopes: number; requests: number; bytes: number; etaMs: number; reason: string }
  | (InTask & { type: "page.received"; page: number; bytes: number })
  /** So many bytes of a file are here. */
  | (InTask & { type: "file.received"; bytes: number; of: number })
  /** `ms` since the request was sent, and how the source was asked. */
  | (InTask & {
      type: "page.landed";
      page: number;
      rows: number;
      total: number;
      bytes: number;
      strategy: string;
      ms: number;
    })
  /** So many files of an earlier start are used again, which have so many rows; `total`: of all names so far. */
  | (InTask & { type: "landed.reused"; files: number; rows: number; total: number })
  | (InTask & { type: "load.staged"; rows: number; rejected: number })
  | (InTask & {
      type: "load.merged";
      inserted: number;
      updated: number;
      deleted: number;
      unchanged: number;
    })
  | (InTask & { type: "load.reconciled"; expected: number; live: number })
  | (InTask & { type: "load.committed"; loadId: string })
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
  | (InTask & { type: "notify.sent"; channel: string; kind: string; attempts: number })
  /** It did not get through; `again`: it is tried later. */
  | (InTask & {
      type: "notify.failed";
      channel: string;
      kind: string;
      attempts: number;
      reason: string;
      again: boolean;
    })
  | (InTask & { type: "publish.table"; table: string; rows: number; bytes: number })
  | { type: "published"; snapshot: string; tables: number };

/** What a task of an earlier version was for, which said it in its name alone: a company's window was one scope then. */
export function keyOfTask(name: string): Pick<TaskKey, "step"> & Partial<TaskKey> {
  const [, step = name, company] = /^(\w+)(?:\[(.*)\])?$/s.exec(name) ?? [];
  return company === undefined ? { step } : { step, company, scope: company };
}

/** An event as the history keeps it: that of an earlier version lacks what was added since. */
export function readEvent(kept: EventFacts): EventFacts {
  if (kept.type === "dbt.node") return { ...kept, node: readNode(kept.node) };
  const facts = "error" in kept && kept.error !== undefined ? { ...kept, error: readErrorFacts(kept.error) } : kept;
  if (facts.type === "source.wait" && facts.rateClass === undefined) Object.assign(facts, { rateClass: "search" });
  if (facts.type === "page.landed" && facts.ms === undefined) Object.assign(facts, { strategy: "pages", ms: 0 });
  return "task" in facts && facts.step === undefined ? { ...facts, ...keyOfTask(facts.task) } : facts;
}

export type RunEvent = EventFacts & { runId: string; at: string };

/** Receives every event of a run. Must not throw and must not take long. */
export type Emit = (event: RunEvent) => void;

/** Receives what happened; whoever made it adds run and time. */
export type Report = (event: EventFacts) => void;
