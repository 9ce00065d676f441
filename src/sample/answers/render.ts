import { dayMs } from "../dataset/clock.ts";
import type { RowField, Rows } from "../dataset/rows.ts";
import type { Shape } from "../dataset/shapes.ts";
import type { View } from "../index/live-index.ts";
import { ByteWriter } from "./byte-writer.ts";

/** Remembers the bytes of what fields together make of a row: once for every combination that occurs. */
class Fragments {
  readonly #rows: Rows;
  readonly #fields: readonly RowField[];
  readonly #text: (json: string[]) => string;
  readonly #known = new Map<number, Buffer>();

  constructor(rows: Rows, fields: readonly RowField[], text: (json: string[]) => string) {
    this.#rows = rows;
    this.#fields = fields;
    this.#text = text;
  }

  of({ snapshot }: View, row: number): Buffer {
    const { codes } = snapshot;
    let key = 0;
    for (const field of this.#fields) key = key * this.#rows.words[field].size + codes[field][row]!;
    let bytes = this.#known.get(key);
    if (bytes === undefined) {
      bytes = Buffer.from(this.#text(this.#fields.map((field) => this.#rows.words[field].json(codes[field][row]!))));
      this.#known.set(key, bytes);
    }
    return bytes;
  }
}

const named = (fields: readonly RowField[]) => (json: string[]) =>
  json.map((value, i) => `"${fields[i]}":${value}`).join(",");
const kinds = ["product", "sub_product", "issue", "sub_issue"] as const;
const answers = ["tags", "timely", "company_response", "submitted_via", "company_public_response"] as const;

function makeFragments(rows: Rows) {
  return {
    kinds: new Fragments(rows, kinds, (json) => `${named(kinds)(json)},"date_sent_to_company":`),
    answers: new Fragments(rows, answers, (json) => `",${named(answers)(json)},"company":`),
    company: new Fragments(rows, ["company"], ([name]) => `${name},"date_received":`),
    state: new Fragments(rows, ["state"], ([name]) => `,"state":${name}}`),
    narrative: new Fragments(rows, ["complaint_what_happened"], ([text]) =>
      text === "null"
        ? '"complaint_what_happened":"","has_narrative":false,'
        : `"complaint_what_happened":${text},"has_narrative":true,`,
    ),
  };
}

const fragments = new WeakMap<Rows, ReturnType<typeof makeFragments>>();

function fragmentsOf(rows: Rows): ReturnType<typeof makeFragments> {
  const made = fragments.get(rows) ?? makeFragments(rows);
  fragments.set(rows, made);
  return made;
}

const zipCode = Buffer.from(',"zip_code":');
const complaintId = Buffer.from(',"complaint_id":"');

/** A row's `_source` without its opening bracket. */
function writeSource(writer: ByteWriter, view: View, shape: Shape, row: number): void {
  const { rows, snapshot } = view;
  const pieces = fragmentsOf(rows);
  if (shape.narratives) writer.raw(pieces.narrative.of(view, row));
  writer.raw(pieces.kinds.of(view, row));
  writeDate(writer, shape, snapshot.sent[row]!);
  writer.raw(zipCode);
  writer.ascii(rows.words.zip_code.json(snapshot.codes.zip_code[row]!));
  writer.raw(complaintId);
  writer.digits(rows.id[row]!);
  writer.raw(pieces.answers.of(view, row));
  writer.raw(pieces.company.of(view, row));
  writeDate(writer, shape, rows.received[row]!);
  writer.raw(pieces.state.of(view, row));
}

function writeDate(writer: ByteWriter, shape: Shape, ms: number): void {
  if (Number.isNaN(ms)) {
    writer.ascii("null");
    return;
  }
  writer.ascii('"');
  if (shape.noon) {
    writer.day(Math.floor(ms / dayMs));
    writer.ascii("T12:00:00-05:00");
  } else writer.instant(ms);
  writer.ascii('"');
}

/** A row's `_source` as JSON text; `more` goes in front of the other keys. */
export function renderSource(view: View, shape: Shape, row: number, more = ""): string {
  const writer = new ByteWriter(2048);
  writeSource(writer, view, shape, row);
  return `{${more}${writer.take().toString()}`;
}

/** The hits of a page as JSON, each with its place in the order. */
export function renderHits(view: View, shape: Shape, page: Uint32Array, byDate: boolean): Buffer {
  const { id, received } = view.rows;
  const head = Buffer.from(`{"_index":"${view.name}","_id":"`);
  const source = Buffer.from(`","_score":${byDate ? "null" : "1.0"},"_source":{`);
  const sort = Buffer.from(byDate ? ',"sort":[' : ',"sort":[1.0');
  const writer = new ByteWriter(page.length * 768 + 1024);
  for (let i = 0; i < page.length; i++) {
    const row = page[i]!;
    if (i > 0) writer.ascii(",");
    writer.raw(head);
    writer.digits(id[row]!);
    writer.raw(source);
    writeSource(writer, view, shape, row);
    writer.raw(sort);
    if (byDate) writer.digits(received[row]!);
    writer.ascii(',"');
    writer.digits(id[row]!);
    writer.ascii('"]}');
  }
  return writer.take();
}
