/**
 * What an error means for the run: the exit code where it ends a run, and what is tried again: the request where it
 * stands, the company's extraction from its start, or nothing (invariant 7).
 */
const table = {
  usage: { exitCode: 2, retry: "never" },
  config_invalid: { exitCode: 2, retry: "never" },
  start_date_in_future: { exitCode: 2, retry: "never" },
  as_of_in_future: { exitCode: 2, retry: "never" },
  watermark_in_future: { exitCode: 2, retry: "never" },
  clock_ahead: { exitCode: 2, retry: "never" },
  company_not_found: { exitCode: 2, retry: "never" },
  company_ambiguous: { exitCode: 2, retry: "never" },
  companies_failed: { exitCode: 3, retry: "never" },
  company_unaskable: { exitCode: 1, retry: "never" },
  source_differs: { exitCode: 2, retry: "never" },
  database_differs: { exitCode: 2, retry: "never" },
  warehouse_unusable: { exitCode: 2, retry: "never" },
  warehouse_newer: { exitCode: 2, retry: "never" },
  warehouse_locked: { exitCode: 75, retry: "never" },
  warehouse_foreign: { exitCode: 2, retry: "never" },
  warehouse_taken: { exitCode: 1, retry: "never" },
  warehouse_failed: { exitCode: 1, retry: "never" },
  landing_failed: { exitCode: 1, retry: "never" },
  disk_full: { exitCode: 1, retry: "never" },
  python_missing: { exitCode: 2, retry: "never" },
  dbt_environment: { exitCode: 1, retry: "never" },
  dbt_failed: { exitCode: 1, retry: "never" },
  dbt_crashed: { exitCode: 1, retry: "never" },
  nothing_published: { exitCode: 1, retry: "never" },
  sql_refused: { exitCode: 2, retry: "never" },
  sql_failed: { exitCode: 1, retry: "never" },
  sql_timeout: { exitCode: 1, retry: "never" },
  sql_memory: { exitCode: 1, retry: "never" },
  export_failed: { exitCode: 1, retry: "never" },
  history_unusable: { exitCode: 1, retry: "never" },
  backup_failed: { exitCode: 1, retry: "never" },
  restore_failed: { exitCode: 1, retry: "never" },
  server_failed: { exitCode: 1, retry: "never" },
  port_in_use: { exitCode: 1, retry: "never" },
  schedule_failed: { exitCode: 1, retry: "never" },
  schedule_invalid: { exitCode: 2, retry: "never" },
  publish_failed: { exitCode: 1, retry: "never" },
  source_unreachable: { exitCode: 1, retry: "request" },
  source_unavailable: { exitCode: 1, retry: "request" },
  source_throttled: { exitCode: 1, retry: "request" },
  source_html: { exitCode: 1, retry: "request" },
  source_cut: { exitCode: 1, retry: "request" },
  source_partial: { exitCode: 1, retry: "request" },
  source_timeout: { exitCode: 1, retry: "request" },
  source_refused: { exitCode: 1, retry: "never" },
  source_rejected: { exitCode: 1, retry: "never" },
  source_not_found: { exitCode: 1, retry: "never" },
  source_unexpected: { exitCode: 1, retry: "never" },
  source_ignored_filter: { exitCode: 1, retry: "never" },
  source_paging: { exitCode: 1, retry: "never" },
  index_moved: { exitCode: 1, retry: "company" },
  reconcile_failed: { exitCode: 1, retry: "company" },
  rows_unreadable: { exitCode: 1, retry: "never" },
  withdrawals_refused: { exitCode: 1, retry: "never" },
  timed_out: { exitCode: 1, retry: "never" },
  crashed: { exitCode: 1, retry: "never" },
  cancelled: { exitCode: 130, retry: "never" },
  internal: { exitCode: 1, retry: "never" },
} as const;

export type ErrorCode = keyof typeof table;

export const errorCodes = Object.keys(table) as ErrorCode[];

export type ErrorFacts = {
  code: ErrorCode;
  /** What happened, as a sentence. */
  what: string;
  /** What happened to the data. */
  data: string;
  /** The command or the change that helps. */
  next: string;
};

/** An expected failure. Bugs are thrown as plain errors. */
export class PipelineError extends Error implements ErrorFacts {
  readonly code: ErrorCode;
  readonly what: string;
  readonly data: string;
  readonly next: string;
  /** Milliseconds that the source asked to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** Of a process that a signal ends; otherwise the code's own counts. */
  readonly exitCode: number | undefined;

  constructor(facts: ErrorFacts, options: { cause?: unknown; retryAfterMs?: number; exitCode?: number } = {}) {
    super(facts.what, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PipelineError";
    this.code = facts.code;
    this.what = facts.what;
    this.data = facts.data;
    this.next = facts.next;
    this.retryAfterMs = options.retryAfterMs;
    this.exitCode = options.exitCode;
  }
}

export function isRetryable(error: unknown, what: "request" | "company"): error is PipelineError {
  return error instanceof PipelineError && table[error.code].retry === what;
}

export function exitCodeOf(code: ErrorCode): number {
  return table[code].exitCode;
}

/** An error as fields: a small JSON value for reports and events. A bug becomes `internal`. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof PipelineError) {
    const { code, what, data, next } = error;
    return { code, what, data, next };
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "internal",
    what: `An unexpected error: ${what}.`,
    data: "What was committed before it stands; the rest was rolled back.",
    next: "Run again; if it stays, report it with the output of the same command and -v.",
  };
}
