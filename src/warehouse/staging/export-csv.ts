import { closeSync, openSync, readSync } from "node:fs";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { hasTwice, missingOf, unknownOf } from "./keys.ts";
import type { Reader } from "./reader.ts";

/** The fields that the columns of an export have, by their titles. Source: docs/source.md. */
const titles: Readonly<Record<string, string>> = {
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

/** Reads an export: CSV, in which the text None is null in every column. A column whose title is not known has it as its key. */
export const readExportCsv: Reader = (path, texts) => {
  const keys = headerOf(path).map((title) => titles[title] ?? title);
  const columns = keys.map((_, i) => `c${i}`);
  const list = `[${keys.map(sqlLiteral).join(", ")}]`;
  return `
  line as (
    from read_csv(${sqlLiteral(path)}, skip = 1, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = 'None',
      columns = {${columns.map((column) => `'${column}': 'VARCHAR'`).join(", ")}})
  ),
  header as (
    select ${list} as usual, ${missingOf("usual")} as usually_missing, ${hasTwice("usual")} as usually_twice,
      len(${unknownOf("usual")}) > 0 as has_unknown
  ),
  named as (
    select map(usual, [${columns.join(", ")}]) as f, usual, usually_missing, usually_twice, has_unknown from line, header
  ),
  hit as (
    select f, if(${texts === "all"} or has_unknown, to_json(f), null) as j, usual, false as odd, usually_missing, usually_twice from named
  )`;
};

/** Bytes that a header has at most, several times what it has today. */
const longestHeader = 8192;

/** The titles in a file's first line. */
function headerOf(path: string): string[] {
  const buffer = Buffer.alloc(longestHeader);
  const file = openSync(path, "r");
  try {
    const [line = ""] = buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0)).split(/\r?\n/, 1);
    return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
    );
  } finally {
    closeSync(file);
  }
}
