import { dayMs } from "../dataset/clock.ts";
import { type RowField, type Rows, textOrder, wordFields } from "../dataset/rows.ts";
import { Dictionary } from "../dataset/words.ts";
import type { LiveIndex, View } from "./live-index.ts";

/** A document as an index holds it: `_source` in the form that its shape gives it. */
export type Document = { _id: string; _source: Record<string, unknown> };

/** What an update of the index does. */
export type Change = { index: Document[]; delete: string[]; reindex: boolean; indexedAt: string };

/** What is wrong with an update of the index; null where it is one. */
export function problemOf(change: unknown): string | null {
  if (!isObject(change)) return "expected an object";
  const { index, delete: gone, indexedAt } = change;
  if (!Array.isArray(index) || !Array.isArray(gone)) return "index and delete: expected lists";
  if (Number.isNaN(instant(indexedAt))) return "indexedAt: expected a time";
  try {
    for (const [i, document] of index.entries()) asDocument(document, i + 1);
    return null;
  } catch (error) {
    return `index: ${(error as Error).message}`;
  }
}

/** A line of a documents file that is no document. */
export class NoDocument extends Error {
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = "NoDocument";
    this.line = line;
  }
}

/** Reads a documents file: one JSON object a line. Throws {@link NoDocument}. */
export function parseDocuments(text: string): Document[] {
  const lines = text.split("\n").map((line, i) => ({ line, no: i + 1 }));
  return lines.filter(({ line }) => line.trim() !== "").map(({ line, no }) => parseDocument(line, no));
}

function parseDocument(line: string, no: number): Document {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new NoDocument(no, "it is not JSON");
  }
  return asDocument(value, no);
}

function asDocument(value: unknown, no: number): Document {
  if (!isObject(value)) throw new NoDocument(no, "it is not an object");
  const { _id, _source } = value;
  if (typeof _id !== "string" || !/^\d{1,8}$/.test(_id)) throw new NoDocument(no, "_id is not a text of 1 to 8 digits");
  if (!isObject(_source)) throw new NoDocument(no, "_source is not an object");
  if (Number.isNaN(instant(_source.date_received))) throw new NoDocument(no, "date_received is not a time");
  return { ...value, _id, _source };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An index over documents that somebody gave, in place of the generated ones. */
export class DocumentsIndex implements LiveIndex {
  readonly #documents = new Map<string, Document>();
  #version = 1;
  #view: View;

  /** `indexedAt` is an ISO instant. */
  constructor(documents: readonly Document[], indexedAt: string) {
    for (const document of documents) this.#documents.set(document._id, document);
    this.#view = this.#make(indexedAt);
  }

  view(): View {
    return this.#view;
  }

  apply(change: Change): void {
    for (const id of change.delete) this.#documents.delete(id);
    for (const document of change.index) this.#documents.set(document._id, document);
    if (change.reindex) this.#version = 3 - this.#version;
    this.#view = this.#make(change.indexedAt);
  }

  #make(indexedAt: string): View {
    const rows = rowsOf([...this.#documents.values()]);
    const lastIndexed = Math.floor(Date.parse(indexedAt) / dayMs);
    return { rows, snapshot: rows.at(lastIndexed), lastIndexed, name: `complaint-public-v${this.#version}` };
  }
}

const fields: readonly RowField[] = [...wordFields, "complaint_what_happened"];

function rowsOf(documents: readonly Document[]): Rows {
  const sorted = documents
    .map(({ _id, _source }) => ({ id: Number(_id), received: instant(_source.date_received), source: _source }))
    .sort((a, b) => a.received - b.received || textOrder(a.id) - textOrder(b.id));
  const words = Object.fromEntries(fields.map((field) => [field, new Dictionary()])) as Record<RowField, Dictionary>;
  const codes = Object.fromEntries(
    fields.map((field) => [field, Uint32Array.from(sorted, ({ source }) => words[field].add(textOf(source[field])))]),
  ) as Record<RowField, Uint32Array>;
  const sent = Float64Array.from(sorted, ({ source }) => instant(source.date_sent_to_company));
  const visible = Uint32Array.from(sorted.keys());
  return {
    count: sorted.length,
    id: Uint32Array.from(sorted, ({ id }) => id),
    received: Float64Array.from(sorted, ({ received }) => received),
    words,
    at: (build) => ({ build, visible, codes, sent }),
  };
}

/** An absent text is null, and so is the empty one of an absent narrative. */
function textOf(value: unknown): string | null {
  return value === null || value === undefined || value === "" ? null : String(value);
}

function instant(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
}
