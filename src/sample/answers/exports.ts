import type { RowField } from "../dataset/rows.ts";
import type { Shape } from "../dataset/shapes.ts";
import type { View } from "../index/live-index.ts";
import type { FieldErrors, Query } from "../search/parameters.ts";
import { select } from "../search/select.ts";
import { type Answer, indexFailed, json, openHeaders } from "./answer.ts";
import { renderSource } from "./render.ts";

/** The most rows that an export may have. Source: the live service. */
const exportCap = 100_000;

const rowsAtOnce = 1000;

export type Column = { title: string; field: RowField | "date_received" | "date_sent_to_company" | "complaint_id" };

/** The columns of an export and of the bulk file, in their order. */
export function csvColumns(narratives: boolean): Column[] {
  return [
    { title: "Date received", field: "date_received" },
    { title: "Product", field: "product" },
    { title: "Sub-product", field: "sub_product" },
    { title: "Issue", field: "issue" },
    { title: "Sub-issue", field: "sub_issue" },
    ...(narratives ? [{ title: "Consumer complaint narrative", field: "complaint_what_happened" as const }] : []),
    { title: "Company public response", field: "company_public_response" },
    { title: "Company", field: "company" },
    { title: "State", field: "state" },
    { title: "ZIP code", field: "zip_code" },
    { title: "Tags", field: "tags" },
    { title: "Submitted via", field: "submitted_via" },
    { title: "Date sent to company", field: "date_sent_to_company" },
    { title: "Company response to consumer", field: "company_response" },
    { title: "Timely response?", field: "timely" },
    { title: "Complaint ID", field: "complaint_id" },
  ];
}

function csvHeader(columns: readonly Column[], lineEnd: string): string {
  return columns.map(({ title }) => quoted(title)).join(",") + lineEnd;
}

/** One row; `none` is what a null becomes, `date` how an instant is written. */
export function csvRow(
  view: View,
  columns: readonly Column[],
  row: number,
  format: { lineEnd: string; none: string; date(ms: number): string },
): string {
  const { rows, snapshot } = view;
  const cells = columns.map(({ field }) => {
    if (field === "complaint_id") return String(rows.id[row]);
    if (field === "date_received") return format.date(rows.received[row]!);
    if (field === "date_sent_to_company") return format.date(snapshot.sent[row]!);
    const text = rows.words[field].text(snapshot.codes[field][row]!);
    // The text of an absent narrative is empty, not null.
    return quoted(text ?? (field === "complaint_what_happened" ? "" : format.none));
  });
  return cells.join(",") + format.lineEnd;
}

/** Quoted only where it must be. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The errors of a CSV request: the wrong fields' names run together. */
export function csvErrors(status: number, errors: FieldErrors): Answer {
  return {
    status,
    headers: { "content-type": "text/csv; charset=utf-8", allow: "OPTIONS, GET" },
    body: Object.keys(errors).join(""),
  };
}

/**
 * All rows of a search as CSV. The view is the request's own, so that an index that moves meanwhile changes nothing. A
 * failure of the index comes after the header line: the body just ends.
 */
export function exportCsv(view: View, query: Query, shape: Shape, nowMs: number): Answer {
  const selected = select(view, query);
  if (selected !== null && selected.rows.length > exportCap) return csvErrors(400, { size: [] });
  const columns = csvColumns(shape.narratives);
  const date = (ms: number) => {
    if (Number.isNaN(ms)) return "None";
    const text = new Date(ms).toISOString();
    return shape.noon ? `${text.slice(0, 10)}T12:00:00-05:00` : text;
  };
  const format = { lineEnd: "\r\n", none: "None", date };
  function* body() {
    yield csvHeader(columns, "\r\n");
    if (selected === null || query.searchAfter !== null) throw new Error("the index failed in mid-stream");
    for (let start = 0; start < selected.rows.length; start += rowsAtOnce) {
      const part = [...selected.rows.subarray(start, start + rowsAtOnce)];
      yield part.map((row) => csvRow(view, columns, row, format)).join("");
    }
  }
  return attachment("csv", "text/csv", nowMs, body());
}

/** All rows of a search as a JSON array, as it was until summer 2026. */
export function exportJson(view: View, query: Query, shape: Shape, nowMs: number): Answer {
  const selected = select(view, query);
  if (selected === null) return indexFailed();
  if (selected.rows.length > exportCap)
    return json(400, { size: [`Ensure this value is less than or equal to ${exportCap}.`] });
  const { rows } = selected;
  function* body() {
    yield "[";
    for (let i = 0; i < rows.length; i++) {
      const source = renderSource(view, shape, rows[i]!).replace(/"has_narrative":(true|false),/, "");
      yield `${i === 0 ? "" : ","}{"_index":"${view.name}","_id":"${view.rows.id[rows[i]!]}","_score":null,"_source":${source},"sort":[${i}]}`;
    }
    yield "]";
  }
  return attachment("json", "application/json", nowMs, body());
}

function attachment(format: string, type: string, nowMs: number, body: Generator<string>): Answer {
  const time = new Date(nowMs).toISOString().slice(0, 16).replace("T", "_").replace(":", "_");
  const disposition = `attachment; filename="complaints-${time}.${format}"`;
  return { status: 200, headers: { "content-type": type, "content-disposition": disposition, ...openHeaders }, body };
}
