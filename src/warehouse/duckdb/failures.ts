import { PipelineError } from "../../run/errors.ts";

const untouched = "The file was not touched.";

export function unusable(
  what: string,
  cause?: unknown,
  next = "Name a DuckDB file, or a path where no file is yet, with --database or in pipeline.yaml (database).",
): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_unusable",
      message: what,
      data: "Nothing was read or changed.",
      next,
    },
    { cause },
  );
}

/** An error of opening a warehouse file, in the user's terms. DuckDB's errors have no codes: their texts are read. */
export function openingFailure(path: string, cause: unknown): unknown {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const holder = /Conflicting lock is held in (.*?)\(PID (\d+)\)/.exec(detail);
  if (holder || /could not set lock/i.test(detail)) {
    return new PipelineError(
      {
        code: "warehouse_locked",
        message: `The warehouse ${path} is open in another program${holder ? ` (process ${holder[2]})` : ""}.`,
        data: untouched,
        next: "Close it there, then run again.",
      },
      { cause },
    );
  }
  if (/version number (\d+)/i.test(detail)) return otherStorage(path, firstLine(detail), cause);
  if (/corrupt|checksum/i.test(detail)) {
    return new PipelineError(
      {
        code: "warehouse_unusable",
        message: `The warehouse ${path} is damaged: ${firstLine(detail)}`,
        data: untouched,
        next: "Put a copy of it back, or move it away: the next run then loads everything again.",
      },
      { cause },
    );
  }
  if (isDiskFull(detail)) return diskFull(cause);
  if (isOutOfMemory(detail)) return statementFailure(cause);
  if (/not a valid DuckDB database|Is a directory|could not read|Cannot open file|Permission denied/i.test(detail)) {
    return unusable(`The warehouse ${path} cannot be opened: ${firstLine(detail)}`, cause);
  }
  return cause;
}

export function otherStorage(path: string, detail: string, cause?: unknown): PipelineError {
  return new PipelineError(
    {
      code: "warehouse_newer",
      message: `The warehouse ${path} was written by another version of DuckDB: ${detail}`,
      data: untouched,
      next: "Update this program, or name another file with --database.",
    },
    { cause },
  );
}

/** An error of a statement, in the user's terms; what is a bug stays as it is. */
export function statementFailure(cause: unknown): unknown {
  if (cause instanceof PipelineError || !(cause instanceof Error)) return cause;
  if (isDiskFull(cause.message)) return diskFull(cause);
  if (isOutOfMemory(cause.message) || /^(IO|FATAL) Error/i.test(cause.message)) {
    return new PipelineError(
      {
        code: "warehouse_failed",
        message: `The warehouse could not carry out a statement: ${firstLine(cause.message)}`,
        data: "The load was rolled back; what was committed before stands.",
        next: adviceFor(cause.message),
      },
      { cause },
    );
  }
  return cause;
}

/** What helps against an error of DuckDB, by what its text tells of its cause. */
function adviceFor(detail: string): string {
  if (isOutOfMemory(detail)) return "Give DuckDB more memory (duckdb.memoryLimit in pipeline.yaml), then run again.";
  if (/Permission denied|Read-only file system|Operation not permitted/i.test(detail)) {
    return "Make the file and its folder writable for this user (chown, chmod, a mount that is not read-only), then run again.";
  }
  if (/No such file|Cannot open file|does not exist/i.test(detail)) {
    return "Something has removed a file or a folder of the home while it was in use. Find out what, then run again.";
  }
  if (/Too many open files/i.test(detail)) return "Raise the limit of open files (ulimit -n), then run again.";
  return "Run again. If it stays, look at the disk (dmesg), and put a backup in place: pipeline restore BACKUP --force";
}

/** Rows could not be staged in this folder, which is beside the warehouse. */
export function stagingFailure(folder: string, cause: unknown): PipelineError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (isDiskFull(detail)) return diskFull(cause);
  return new PipelineError(
    {
      code: "warehouse_failed",
      message: `Rows could not be staged in ${folder}: ${firstLine(detail)}`,
      data: "The load was rolled back; what was committed before stands.",
      next: adviceFor(detail),
    },
    { cause },
  );
}

/** The file is not the one that this run loaded into. */
export function warehouseGone(path: string): PipelineError {
  return new PipelineError({
    code: "warehouse_failed",
    message: `The warehouse ${path} was moved, removed or replaced while the run was under way.`,
    data: "Nothing of this run is remembered: the watermarks and the published tables are what they were before.",
    next: "Put the file back, over one that dbt may have made there since, and run again. To load everything anew, remove that one first.",
  });
}

function diskFull(cause: unknown): PipelineError {
  return new PipelineError(
    {
      code: "disk_full",
      message: "The disk is full: the warehouse could not write.",
      data: "The load was rolled back; what was committed before stands.",
      next: "Free some space and run again.",
    },
    { cause },
  );
}

const isOutOfMemory = (detail: string) => /^(Error: )?Out of Memory Error/i.test(detail);
const isDiskFull = (detail: string) => /No space left on device|ENOSPC|disk quota exceeded/i.test(detail);

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? text).slice(0, 300);
}
