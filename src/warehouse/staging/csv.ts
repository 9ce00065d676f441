import { closeSync, openSync, readSync } from "node:fs";
import { DamagedFile } from "../../files/zipped-csv.ts";
import { type Field, fields, neededFields } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { bitOf } from "./keys.ts";
import type { Reader } from "./reader.ts";

/** The fields that the columns of an export and of the bulk file have, by their titles. Source: docs/source.md. */
const titles: Readonly<Record<string, Field>> = {
  "Date received": "date_received",
  Product: "product",
  "Sub-product": "sub_product",
  Issue: "issue",
  "Sub-issue": "sub_issue",
  "Consumer complaint narrative": "complaint_what_happened",
  "Company public response": "company_public_response",
  Company: "company",
  State: "state",
  "ZIP code": "zip_code",
  Tags: "tags",
  "Consumer consent provided?": "consumer_consent_provided",
  "Submitted via": "submitted_via",
  "Date sent to company": "date_sent_to_company",
  "Company response to consumer": "company_response",
  "Timely response?": "timely",
  "Consumer disputed?": "consumer_disputed",
  "Complaint ID": "complaint_id",
};

type Column = { name: string; key: string };

/** Reads an export: CSV, in which the text None is null in every column. */
export const readExportCsv: Reader = (path) => readCsv(path, headerOf(path), "None");

/** Reads a piece of a file of everything: CSV, in which an empty text is null. Throws {@link DamagedFile} where it has no ids or days. */
export const readBulkCsv: Reader = (path) => {
  const header = headerOf(path);
  const lacking = Object.keys(titles).find(
    (title) => neededFields.some((field) => titles[title] === field) && !header.includes(title),
  );
  if (lacking !== undefined) throw new DamagedFile(`it has no column "${lacking}"`);
  return readCsv(path, header, "");
};

/**
 * Reads a CSV file whose first line names its columns. A column whose title is not known has it as its key. Where there is a column of narratives, it
 * says whether a row has one.
 */
function readCsv(path: string, header: readonly string[], none: string): ReturnType<Reader> {
  const columns = header.map((title, i): Column => ({ name: `c${i}`, key: titles[title] ?? title }));
  const columnOf = (field: Field) => columns.find(({ key }) => key === field)?.name;
  const narrative = columnOf("complaint_what_happened");
  const hasNarrative = narrative === undefined ? undefined : `(coalesce(${narrative}, '') <> '')::varchar`;
  const textOf = (field: Field) => columnOf(field) ?? (field === "has_narrative" ? hasNarrative : undefined);
  const unknown = columns.filter(({ key }) => !fields.some((field) => field === key));
  const keys = new Set(columns.map(({ key }) => key));
  const missing = fields.reduce((bits, field) => bits + (textOf(field) === undefined ? bitOf(field) : 0), 0);
  const names = columns.map(({ name }) => name).join(", ");
  return {
    queries: `
  hit as (
    from read_csv(${sqlLiteral(path)}, skip = 1, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = ${sqlLiteral(none)},
      columns = {${columns.map(({ name }) => `'${name}': 'VARCHAR'`).join(", ")}})
  )`,
    text: (field) => textOf(field) ?? "null::varchar",
    carried: names,
    row: `${jsonOf(columns)}::varchar`,
    missing: String(missing),
    extra: unknown.length === 0 ? "null" : jsonOf(unknown),
    twice: String(keys.size < columns.length),
    odd: "false",
  };
}

function jsonOf(columns: readonly Column[]): string {
  return `to_json(map([${columns.map(({ key }) => sqlLiteral(key)).join(", ")}], [${columns.map(({ name }) => name).join(", ")}]))`;
}

/** Bytes that a header has at most, several times what it has today. */
const longestHeader = 8192;

/** The titles in a file's first line. */
function headerOf(path: string): string[] {
  const buffer = Buffer.alloc(longestHeader);
  const file = openSync(path, "r");
  try {
    const [line = ""] = buffer
      .toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0))
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/, 1);
    return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
    );
  } finally {
    closeSync(file);
  }
}
