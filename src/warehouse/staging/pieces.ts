import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { RecordEnds } from "../../files/csv-records.ts";
import { DamagedFile, openZippedCsv } from "../../files/zipped-csv.ts";
import { readAhead } from "../../pipeline/load/read-ahead.ts";
import type { LandedFormat } from "../../pipeline/scope/strategy.ts";
import type { TaskContext } from "../../pipeline/steps/ports.ts";
import { PipelineError } from "../../run/errors.ts";
import { stagingFailure } from "../duckdb/failures.ts";

/** A part of a file of everything: a CSV file with the line of titles. */
type Piece = {
  path: string;
  /** Records in it, the titles left out. */
  rows: number;
  bytes: number;
  /** Bytes of all pieces. */
  ofBytes: number;
};

type ClosedFormat = "bulk-zip" | "bulk-csv";

/** Bytes of a piece, about: what is parsed at once is held in memory. */
const pieceBytes = 64 * 1024 * 1024;

/** Whether files of a format are closed: they have rows of every company, their end is the evidence that all are there, and they are staged in pieces. */
export function isClosed(format: LandedFormat): format is ClosedFormat {
  return format === "bulk-zip" || format === "bulk-csv";
}

/**
 * Cuts a file of everything into pieces in a folder, at newlines outside quotes; whoever takes a piece removes it. Throws `file_damaged` where the file
 * is cut short or not what it was made as.
 */
async function* cutIntoPieces(
  { path, format }: { path: string; format: ClosedFormat },
  folder: string,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<Piece, void, void> {
  try {
    if (format === "bulk-csv") {
      const { size } = await stat(path);
      yield* cut(createReadStream(path, { signal, highWaterMark: readAtOnce }), size, folder, most);
      return;
    }
    const zipped = await openZippedCsv(path);
    try {
      yield* cut(zipped.read(), zipped.bytes, folder, most);
    } finally {
      zipped.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof DamagedFile ? fileDamaged(path, error.message, error) : error;
  }
}

const readAtOnce = 1024 * 1024;

async function* cut(
  chunks: AsyncIterable<Buffer>,
  ofBytes: number,
  folder: string,
  most: number,
): AsyncGenerator<Piece, void, void> {
  const ends = new RecordEnds();
  let titles = Buffer.alloc(0);
  let writer: PieceWriter | undefined;
  let number = 0;
  try {
    for await (const chunk of chunks) {
      let rest = chunk;
      const { first, last } = ends.scan(chunk);
      if (writer === undefined) {
        titles = Buffer.concat([titles, chunk.subarray(0, first || chunk.length)]);
        if (first === 0) continue;
        rest = chunk.subarray(first);
        writer = await PieceWriter.open(folder, ++number, titles, 1);
      }
      const start = chunk.length - rest.length;
      if (writer.bytes + rest.length >= most && last > start) {
        await writer.write(rest.subarray(0, last - start));
        yield await writer.close(ends.count, ofBytes);
        writer = await PieceWriter.open(folder, ++number, titles, ends.count);
        rest = chunk.subarray(last);
      }
      await writer.write(rest);
    }
    if (!ends.end()) throw new DamagedFile("it ends within a quoted text");
    // A line of titles alone is a file without rows.
    writer ??= await PieceWriter.open(folder, ++number, titles, ends.count);
    yield await writer.close(ends.count, ofBytes);
  } finally {
    await writer?.abandon();
  }
}

class PieceWriter {
  readonly #folder: string;
  readonly #path: string;
  readonly #before: number;
  #file: FileHandle | undefined;
  bytes = 0;

  private constructor(folder: string, path: string, file: FileHandle, before: number) {
    this.#folder = folder;
    this.#path = path;
    this.#file = file;
    this.#before = before;
  }

  /** `before`: records that ended before the first of the piece. */
  static async open(folder: string, number: number, titles: Buffer, before: number): Promise<PieceWriter> {
    const path = join(folder, `piece-${String(number).padStart(6, "0")}.csv`);
    const writer = new PieceWriter(folder, path, await staging(folder, open(path, "w")), before);
    await writer.write(titles);
    writer.bytes = 0;
    return writer;
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    await staging(this.#folder, this.#file!.appendFile(bytes));
    this.bytes += bytes.length;
  }

  async close(count: number, ofBytes: number): Promise<Piece> {
    await this.abandon();
    return { path: this.#path, rows: count - this.#before, bytes: this.bytes, ofBytes };
  }

  async abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

async function staging<T>(folder: string, change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    throw stagingFailure(folder, error);
  }
}

/** A file that was to be loaded is not whole, or is none of complaints. */
function fileDamaged(path: string, detail: string, cause?: unknown): PipelineError {
  return new PipelineError(
    {
      code: "file_damaged",
      message: `${path} cannot be loaded: ${detail}.`,
      data: "Nothing was changed; what was loaded before stands.",
      next: "Get the file again, and compare its size with the one at its origin.",
    },
    { cause },
  );
}

/**
 * Stages a file of everything piece by piece, one while the next one is cut; returns how many records it has.
 */
export async function stagePieces(
  { path, format }: { path: string; format: ClosedFormat },
  folder: string,
  stage: (piece: { path: string; format: ClosedFormat }) => Promise<void>,
  { task, signal, report }: TaskContext,
): Promise<number> {
  let rows = 0;
  let bytes = 0;
  let page = 0;
  let began = performance.now();
  for await (const piece of readAhead(cutIntoPieces({ path, format }, folder, pieceBytes, signal))) {
    await stage({ path: piece.path, format }).catch((error: unknown) => {
      throw unreadablePiece(path, rows, error);
    });
    await rm(piece.path);
    rows += piece.rows;
    bytes += piece.bytes;
    const ms = Math.round(performance.now() - began);
    began = performance.now();
    const total = Math.round((rows * piece.ofBytes) / Math.max(bytes, 1));
    const facts = { page: ++page, rows: piece.rows, total: Math.max(total, rows), bytes: piece.bytes, ms };
    report({ type: "page.landed", task, ...facts, strategy: "bulk" });
  }
  return rows;
}

/** What DuckDB says of a piece that is no CSV, in the words of the whole file. */
function unreadablePiece(path: string, before: number, error: unknown): unknown {
  if (error instanceof DamagedFile) return fileDamaged(path, error.message, error);
  const message = error instanceof Error ? error.message : "";
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line === undefined) return error;
  const why =
    message.split("\n").find((text) => /^(Expected|Value|Maximum|Invalid unicode)/.test(text)) ?? "it is no CSV";
  return fileDamaged(path, `near its row ${before + Number(line) - 1}, ${why}`, error);
}
