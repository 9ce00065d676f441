import { closeSync, openSync, readSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { dayMs } from "../../pipeline/window/units.ts";
import type { ProxyServer } from "../../process/proxy.ts";
import { type ErrorCode, type ErrorFacts, PipelineError } from "../../run/errors.ts";

const untouched = "Nothing of this answer was loaded; what was loaded before stands.";
const again = "Run again later; if it stays, look whether the source has changed.";

/** Which failure a status is, and what to do about it. Source: cfpb/ccdb5-api and the live service, see docs/source.md. */
const statuses: Record<number, { code: ErrorCode; what: string; next: string }> = {
  400: { code: "source_rejected", what: "rejected the question", next: "Look for a newer version of this program." },
  403: {
    code: "source_refused",
    what: "refused the question at its firewall",
    next: "Set `contact` in pipeline.yaml so that the source knows who asks, or ask from another network.",
  },
  404: { code: "source_not_found", what: "has nothing at this address", next: "Check `source` in pipeline.yaml." },
  408: { code: "source_unavailable", what: "gave up waiting for the question", next: again },
  424: { code: "source_unavailable", what: "could not reach its search index", next: again },
  429: { code: "source_throttled", what: "asked for fewer requests", next: "Run again in a few minutes." },
};

/** An answer that is not the JSON asked for. `start` is the beginning of its body. */
export function wrongAnswer(
  url: string,
  answer: { status: number; type: string; start: string; retryAfterMs?: number | undefined },
): PipelineError {
  const { status, type, start, retryAfterMs } = answer;
  const known = statuses[status] ?? describe(status, type);
  const shown = printable(start).slice(0, 160);
  const facts = {
    code: known.code,
    message: `The source ${known.what} (${status}, ${type || "no content type"}: ${shown || "empty body"}). Asked: ${shortUrl(url)}`,
    data: untouched,
    next: known.next,
  };
  return new PipelineError(facts, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function describe(status: number, type: string): { code: ErrorCode; what: string; next: string } {
  if (status >= 500) return { code: "source_unavailable", what: "failed", next: again };
  if (status === 200 && /html/.test(type))
    return { code: "source_html", what: "answered with a web page", next: again };
  return {
    code: "source_unexpected",
    what: "answered in an unexpected way",
    next: "Look for a newer version of this program.",
  };
}

/** JSON of a form that this program does not know; `file` is where it was landed. */
export function unknownFormat(url: string, detail: string, file: string | null, cause?: unknown): PipelineError {
  const start = file === null ? "" : ` It begins: ${printable(startOfFile(file))}`;
  return new PipelineError(
    {
      code: "source_unexpected",
      message: `The source's answer (status 200) has an unknown form: ${detail}. Asked: ${shortUrl(url)}${start}`,
      data: untouched,
      next: "The source has changed: look for a newer version of this program.",
    },
    { cause },
  );
}

/** Hits that do not follow each other as the sort wants: pages cut out of them would lose rows. */
export function outOfOrder(url: string, detail: string): PipelineError {
  return new PipelineError({
    code: "source_paging",
    message: `The source's paging cannot be trusted: ${detail}. Asked: ${shortUrl(url)}`,
    data: untouched,
    next: "The source has changed its paging: look for a newer version of this program.",
  });
}

/** What the source had when it was asked first, and what it has now. */
export function indexMoved(first: IndexState, now: IndexState): PipelineError {
  const state = ({ rows, lastIndexed }: IndexState) => `${rows} rows as of ${lastIndexed ?? "an unknown day"}`;
  return new PipelineError({
    code: "index_moved",
    message: `The source's index changed while it was read: ${state(first)} became ${state(now)}.`,
    data: "Nothing of this mixture was loaded; what was loaded before stands.",
    next: "Run again: the same days are read anew.",
  });
}

type IndexState = { rows: number; lastIndexed: string | null };

/** A day of more rows than the source exports. */
export function exportTooLarge(rows: number, most: number, day: string): PipelineError {
  return new PipelineError({
    code: "source_rejected",
    message: `The source exports at most ${most.toLocaleString("en-US")} rows at once, and ${day} has ${rows.toLocaleString("en-US")}.`,
    data: untouched,
    next: "Leave --strategy out: pages have no such limit.",
  });
}

function startOfFile(file: string): string {
  const buffer = Buffer.alloc(160);
  const opened = openSync(file, "r");
  try {
    return buffer.toString("utf8", 0, readSync(opened, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(opened);
  }
}

/** An answer that ended early, or is only a part of what was asked for. */
export function incompleteAnswer(
  url: string,
  code: "source_cut" | "source_partial",
  detail: string,
  cause?: unknown,
): PipelineError {
  return new PipelineError(
    {
      code,
      message: `The source's answer is not whole: ${detail}. Asked: ${shortUrl(url)}`,
      data: untouched,
      next: again,
    },
    { cause },
  );
}

/** A request that failed before or within its answer. What is no error of a connection or of its bytes is somebody else's: it stays. */
export function failedRequest(url: string, cause: unknown, answered: boolean, proxy: ProxyServer | null): unknown {
  const code = errnoOf(cause);
  if (answered && code === undefined) return cause;
  const detail = code ?? (cause instanceof Error ? cause.message : String(cause));
  if (answered) return incompleteAnswer(url, "source_cut", `the connection ended early (${detail})`, cause);
  const through = proxy === null ? "" : ` through the proxy ${proxy.shown}`;
  return new PipelineError(
    {
      code: "source_unreachable",
      message: `The source could not be reached${through} (${detail}). Asked: ${shortUrl(url)}`,
      data: untouched,
      next:
        proxy === null
          ? "Check the network and `source` in pipeline.yaml, then run again."
          : "Check the proxy (HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment) and the network, then run again.",
    },
    { cause },
  );
}

export function requestTimedOut(url: string, seconds: number): PipelineError {
  return new PipelineError({
    code: "source_timeout",
    message: `The source did not finish its answer within ${seconds} s. Asked: ${shortUrl(url)}`,
    data: untouched,
    next: "Run again later, or raise requestTimeoutSeconds in pipeline.yaml.",
  });
}

/** An answer that could not be stored in this folder. */
export function landingFailure(folder: string, cause: unknown): PipelineError {
  const code = errnoOf(cause);
  const facts: Pick<ErrorFacts, "code" | "message" | "next"> =
    code === "ENOSPC" || code === "EDQUOT"
      ? {
          code: "disk_full",
          message: "The disk is full: an answer of the source could not be stored.",
          next: "Free some space and run again.",
        }
      : {
          code: "landing_failed",
          message: `An answer of the source could not be stored in ${folder} (${cause instanceof Error ? cause.message : String(cause)}).`,
          next: "See that the folder can be written and that nothing else cleans it up (`home` in pipeline.yaml), then run again.",
        };
  return new PipelineError({ ...facts, data: untouched }, { cause });
}

/** This machine's clock is days ahead of the source's, as its `Date` header says. */
export function clockAhead(ms: number): PipelineError {
  const days = (ms / dayMs).toFixed(1);
  return new PipelineError({
    code: "clock_ahead",
    message: `The clock of this machine is ${days} days ahead of the source's.`,
    data: "Nothing was loaded: days that have not been would count as complete.",
    next: "Set the clock (timedatectl set-ntp true), then run again.",
  });
}

/** A page that takes more memory to read than there is. It is the machine's failure, not the source's. */
export function pageTooLarge(url: string, cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "landing_failed",
      message: `A page of the source takes more memory to read than there is for it. Asked: ${shortUrl(url)}`,
      data: untouched,
      next: "Set a smaller pageSize in pipeline.yaml (the default is 10,000 rows), then run again.",
    },
    { cause },
  );
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** An address without what it may hold of user and password. */
export function shortUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search.length > 300 ? `${search.slice(0, 300)}...` : search}`;
}

/** What somebody else wrote, on one line and without anything that a terminal would obey. */
function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
}
