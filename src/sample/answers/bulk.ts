import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { dayMs, hourMs } from "../dataset/clock.ts";
import type { View } from "../index/live-index.ts";
import { type Column, csvColumns, csvRow } from "./exports.ts";

export const bulkPath = "/ccdb/complaints.csv.zip";

/** Columns of the bulk file: today's, those with narratives, and the old ones with consent and dispute. */
export type BulkColumns = 15 | 16 | 18;

export type BulkFile = { bytes: Buffer; modified: Date; etag: string };

const rowsAtOnce = 1000;
/** The file is built with the index, at 05:00 UTC. */
const builtMs = 5 * hourMs;

const files = new WeakMap<object, Map<BulkColumns, Promise<BulkFile>>>();

/** The zip of everything that the index shows: LF rows, days, empty nulls, in no order. Made once for each state. */
export function bulkFile(view: View, columns: BulkColumns): Promise<BulkFile> {
  const known = files.get(view.snapshot) ?? new Map<BulkColumns, Promise<BulkFile>>();
  files.set(view.snapshot, known);
  const file = known.get(columns) ?? make(view, columns);
  known.set(columns, file);
  return file;
}

async function make(view: View, columns: BulkColumns): Promise<BulkFile> {
  const modified = new Date(view.lastIndexed * dayMs + builtMs);
  const zip = new ZipFile();
  zip.addReadStream(Readable.from(lines(view, columns)), "complaints.csv", { mtime: modified, compressionLevel: 1 });
  zip.end();
  const bytes = await buffer(zip.outputStream);
  return { bytes, modified, etag: `"${createHash("md5").update(bytes).digest("hex")}"` };
}

/** Titles in their order: consent stands before the channel, dispute before the id. */
function titlesOf(columns: readonly Column[], count: BulkColumns): string[] {
  const titles = columns.map(({ title }) => title);
  if (count < 18) return titles;
  titles.splice(titles.indexOf("Submitted via"), 0, "Consumer consent provided?");
  titles.splice(titles.indexOf("Complaint ID"), 0, "Consumer disputed?");
  return titles;
}

function* lines(view: View, count: BulkColumns): Generator<string> {
  const columns = csvColumns(count > 15);
  yield `${titlesOf(columns, count).join(",")}\n`;
  const date = (ms: number) => (Number.isNaN(ms) ? "" : new Date(ms).toISOString().slice(0, 10));
  const format = { lineEnd: "\n", none: "", date };
  const { visible } = view.snapshot;
  // In no order: every row once, in strides that share no divisor with their number.
  const stride = strideOf(visible.length);
  let part: string[] = [];
  for (let i = 0; i < visible.length; i++) {
    const row = visible[(i * stride) % visible.length]!;
    part.push(count === 18 ? oldRow(view, columns, row, format) : csvRow(view, columns, row, format));
    if (part.length === rowsAtOnce) {
      yield part.join("");
      part = [];
    }
  }
  yield part.join("");
}

type Format = Parameters<typeof csvRow>[3];

/** 18 columns: consent before the channel, dispute before the id; neither was ever given for these. */
function oldRow(view: View, columns: readonly Column[], row: number, format: Format): string {
  const at = (field: string) => columns.findIndex((column) => column.field === field);
  const cells = (from: number, to: number) => csvRow(view, columns.slice(from, to), row, { ...format, lineEnd: "" });
  const [via, id] = [at("submitted_via"), at("complaint_id")];
  return `${cells(0, via)},N/A,${cells(via, id)},N/A,${cells(id, columns.length)}${format.lineEnd}`;
}

function strideOf(count: number): number {
  const divides = (a: number, b: number): number => (b === 0 ? a : divides(b, a % b));
  let stride = Math.max(Math.floor(count * 0.618), 1);
  while (divides(count, stride) > 1) stride++;
  return stride;
}
