/**
 * What an error means for the run: the exit code where it ends a run, and what is tried again: the request where it
 * stands, the company's extraction from its start, or nothing (invariant 7); and the HTTP status where a page asked: 4xx is a mistake of
 * whoever asks, 503 what passes, 500 what nobody expects of a page.
 */
const table = {
  usage: { exitCode: 2, retry: "never", status: 400 },
  config_invalid: { exitCode: 2, retry: "never", status: 400 },
  start_date_in_future: { exitCode: 2, retry: "never", status: 400 },
  as_of_in_future: { exitCode: 2, retry: "never", status: 400 },
  watermark_in_future: { exitCode: 2, retry: "never", status: 409 },
  clock_ahead: { exitCode: 2, retry: "never", status: 409 },
  company_not_found: { exitCode: 2, retry: "never", status: 400 },
  company_ambiguous: { exitCode: 2, retry: "never", status: 400 },
  companies_failed: { exitCode: 3, retry: "never", status: 500 },
  company_unaskable: { exitCode: 1, retry: "never", status: 500 },
  source_differs: { exitCode: 2, retry: "never", status: 409 },
  database_differs: { exitCode: 2, retry: "never", status: 409 },
  home_unwritable: { exitCode: 2, retry: "never", status: 503 },
  warehouse_unusable: { exitCode: 2, retry: "never", status: 409 },
  warehouse_newer: { exitCode: 2, retry: "never", status: 409 },
  warehouse_locked: { exitCode: 75, retry: "never", status: 409 },
  warehouse_foreign: { exitCode: 2, retry: "never", status: 409 },
  warehouse_taken: { exitCode: 1, retry: "never", status: 500 },
  warehouse_failed: { exitCode: 1, retry: "never", status: 500 },
  landing_failed: { exitCode: 1, retry: "never", status: 500 },
  file_damaged: { exitCode: 1, retry: "never", status: 500 },
  disk_full: { exitCode: 1, retry: "never", status: 503 },
  python_missing: { exitCode: 2, retry: "never", status: 409 },
  dbt_environment: { exitCode: 1, retry: "never", status: 500 },
  dbt_failed: { exitCode: 1, retry: "never", status: 500 },
  dbt_crashed: { exitCode: 1, retry: "never", status: 500 },
  nothing_published: { exitCode: 1, retry: "never", status: 404 },
  sql_refused: { exitCode: 2, retry: "never", status: 400 },
  sql_failed: { exitCode: 1, retry: "never", status: 400 },
  sql_timeout: { exitCode: 1, retry: "never", status: 422 },
  sql_memory: { exitCode: 1, retry: "never", status: 422 },
  export_failed: { exitCode: 1, retry: "never", status: 500 },
  history_unusable: { exitCode: 1, retry: "never", status: 503 },
  backup_failed: { exitCode: 1, retry: "never", status: 500 },
  restore_failed: { exitCode: 1, retry: "never", status: 500 },
  server_failed: { exitCode: 1, retry: "never", status: 500 },
  port_in_use: { exitCode: 1, retry: "never", status: 500 },
  schedule_failed: { exitCode: 1, retry: "never", status: 503 },
  schedule_invalid: { exitCode: 2, retry: "never", status: 400 },
  publish_failed: { exitCode: 1, retry: "never", status: 500 },
  source_unreachable: { exitCode: 1, retry: "request", status: 500 },
  source_unavailable: { exitCode: 1, retry: "request", status: 500 },
  source_throttled: { exitCode: 1, retry: "request", status: 500 },
  source_html: { exitCode: 1, retry: "request", status: 500 },
  source_cut: { exitCode: 1, retry: "request", status: 500 },
  source_partial: { exitCode: 1, retry: "request", status: 500 },
  source_timeout: { exitCode: 1, retry: "request", status: 500 },
  source_refused: { exitCode: 1, retry: "never", status: 500 },
  source_rejected: { exitCode: 1, retry: "never", status: 500 },
  source_not_found: { exitCode: 1, retry: "never", status: 500 },
  source_unexpected: { exitCode: 1, retry: "never", status: 500 },
  source_ignored_filter: { exitCode: 1, retry: "never", status: 500 },
  source_paging: { exitCode: 1, retry: "never", status: 500 },
  index_moved: { exitCode: 1, retry: "scope", status: 500 },
  source_unwell: { exitCode: 1, retry: "never", status: 502 },
  reconcile_failed: { exitCode: 1, retry: "scope", status: 500 },
  rows_unreadable: { exitCode: 1, retry: "never", status: 500 },
  withdrawals_refused: { exitCode: 1, retry: "never", status: 500 },
  timed_out: { exitCode: 1, retry: "never", status: 500 },
  crashed: { exitCode: 1, retry: "never", status: 500 },
  cancelled: { exitCode: 130, retry: "never", status: 500 },
  internal: { exitCode: 1, retry: "never", status: 500 },
} as const;

export type ErrorCode = keyof typeof table;

export const errorCodes = Object.keys(table) as ErrorCode[];

export type ErrorFacts = {
  code: ErrorCode;
  /** What happened, as a sentence. */
  message: string;
  /** What happened to the data. */
  data: string;
  /** The command or the change that helps. */
  next: string;
};

/** An expected failure. Bugs are thrown as plain errors. */
export class PipelineError extends Error implements ErrorFacts {
  readonly code: ErrorCode;
  readonly data: string;
  readonly next: string;
  /** Milliseconds that the source asked to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** Of a process that a signal ends; otherwise the code's own counts. */
  readonly exitCode: number | undefined;

  constructor(facts: ErrorFacts, options: { cause?: unknown; retryAfterMs?: number; exitCode?: number } = {}) {
    super(facts.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PipelineError";
    this.code = facts.code;
    this.data = facts.data;
    this.next = facts.next;
    this.retryAfterMs = options.retryAfterMs;
    this.exitCode = options.exitCode;
  }
}

/** A command line, or a form, that cannot be meant. */
export function usageError(
  message: string,
  next: string,
  data = "Nothing was changed.",
  cause?: unknown,
): PipelineError {
  return new PipelineError({ code: "usage", message, data, next }, { cause });
}

/** What is tried again after an error: the request, the scope from its beginning, or nothing. */
export type RetryClass = (typeof table)[ErrorCode]["retry"];

export function isRetryable(error: unknown, by: RetryClass): error is PipelineError {
  return by !== "never" && error instanceof PipelineError && table[error.code].retry === by;
}

export function exitCodeOf(code: ErrorCode): number {
  return table[code].exitCode;
}

export function statusOf(code: ErrorCode): number {
  return table[code].status;
}

/** An error as fields: a small JSON value for reports and events. A bug becomes `internal`. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof PipelineError) {
    const { code, message, data, next } = error;
    return { code, message, data, next };
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "internal",
    message: `An unexpected error: ${what}.`,
    data: "What was committed before it stands; the rest was rolled back.",
    next: "Run again; if it stays, report it with the output of the same command and -v.",
  };
}

/** An error as the history keeps it. Homes of earlier versions have `what` in place of `message`. */
export function readErrorFacts(kept: ErrorFacts | (Omit<ErrorFacts, "message"> & { what: string })): ErrorFacts {
  if (!("what" in kept)) return kept;
  const { code, what: message, data, next } = kept;
  return { code, message, data, next };
}

/** An error's text without the address that was asked, which is for whoever looks closer. */
export function withoutAddress(message: string): string {
  return message.replaceAll(/\s*Asked: \S+/g, "");
}
