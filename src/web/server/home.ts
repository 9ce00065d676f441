import type { HistoryHandle } from "../../history/history.ts";
import type { Window } from "../../pipeline/window/days.ts";
import type { Schedule } from "../contract.ts";

type NewSchedule = { name: string; cron: string; timezone?: string; overlap?: string; catchUp?: string };

/** A result of a query, or the beginning of one. */
export type QueryResult = {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  /** Whether there are more rows than were wanted. */
  more: boolean;
  /** Whether the size of the result, and not the number of its rows, is why there are more. */
  isCut: boolean;
};

/** What the server shows and does, as whoever starts it has it: the very functions of the command line. */
export type ServerBackend = {
  /** Its folder. */
  home: string;
  version: string;
  companies: readonly string[];
  history: HistoryHandle;
  /** Who has the warehouse now. */
  holder(): Promise<{ pid: number; since: string } | undefined>;
  actions: {
    /** Starts a run as a process of its own; resolves to its id. */
    run(options: { resetState?: boolean; acceptWithdrawals?: boolean }): Promise<string>;
    backfill(window: Window): Promise<string>;
    retry(runId: string): Promise<string>;
    cancel(runId: string): Promise<void>;
  };
  schedules: {
    list(): Promise<Schedule[]>;
    add(schedule: NewSchedule): Promise<Schedule>;
    change(name: string, change: "rm" | "pause" | "resume"): void;
    /** Another text after every change. */
    version(): string;
  };
  snapshot: {
    /** The name of the published snapshot; null where nothing is published. */
    current(): Promise<string | null>;
    /** One SELECT on it, in a process with limits of time, memory, rows and bytes. A chart does not wait for what people type. */
    query(sql: string, purpose: "chart" | "sql", signal: AbortSignal): Promise<QueryResult>;
  };
};
