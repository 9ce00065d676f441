import { columns, complaints, fields, mutableFields, times } from "../../pipeline/dataset/complaints.ts";
import type { LandedFile } from "../../pipeline/flow/values.ts";
import type { LandedFormat } from "../../pipeline/scope/strategy.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { type Days, isOutside } from "../load/scope-sql.ts";
import { columnValue } from "./column-values.ts";
import { readBulkCsv, readExportCsv } from "./csv.ts";
import { bitOf } from "./keys.ts";
import type { Reader, Texts } from "./reader.ts";
import { readSearchJson } from "./search-json.ts";
import { notAllowed, wrongType } from "./unexpected-values.ts";

const { key, cursor } = complaints;

const readers: Readonly<Record<LandedFormat, Reader>> = {
  "search-json": readSearchJson,
  "export-csv": readExportCsv,
  "bulk-zip": readBulkCsv,
  "bulk-csv": readBulkCsv,
};

/** Times that a row may lack: one that is there and cannot be read rejects it. */
const otherTimes = times.filter((name) => name !== cursor);

/** A landed file, or a piece of it, and the Parquet file that its rows are staged in. */
export type StagedFile = {
  landed: Pick<LandedFile, "path" | "format">;
  path: string;
  /** What is loaded of a file of everything; null where every row was asked for. */
  scope: Days | null;
};

/**
 * Writes the rows of a landed file to a Parquet file. Of a row outside the scope is known only that it is `_outside`. A field that a row does not have is a bit of its `_missing`, one that is null of its `_null`, a
 * time without fractions of seconds of its `_coarse`; what cannot be kept has a `_reason`, and its text in `_raw`.
 */
export function stagingSql({ landed, path, scope }: StagedFile, texts: Texts): string {
  const reading = readers[landed.format](landed.path, texts);
  const coarse = times.map(
    (time) => `case when not contains(${reading.text(time)}, '.') then ${bitOf(time)} else 0 end`,
  );
  const outside = scope === null ? "false" : isOutside(scope);
  const values = scope === null ? fields : fields.map((field) => `if(${outside}, null, ${field}) as ${field}`);
  return `
  copy (with ${reading.queries},
  typed as (
    select ${columns.map((column) => `${columnValue(column, reading.text(column.name))} as ${column.name}`).join(",\n      ")},
      ${otherTimes.map((time) => `nullif(trim(${reading.text(time)}), '') as ${time}_text`).join(", ")},
      ${coarse.join(" + ")} as _coarse,
      ${reading.missing} as _missing, ${reading.twice} as twice, ${reading.odd} as is_odd, ${reading.carried}
    from hit
  ),
  judged as (
    select * replace (case when not twice then ${key} end as ${key}),
      ${mutableFields.map((field) => `if(${field} is null, ${bitOf(field)}, 0)`).join(" + ")} as _null,
      ${texts === "all" ? `case when is_odd then ${wrongType("j")} end` : "null"} as wrong_kind,
      case
        when twice then 'a key twice'
        when wrong_kind is not null then wrong_kind
        when ${key} is null then 'no ${key}'
        when ${cursor} is null then 'unreadable ${cursor}'
        ${otherTimes.map((time) => `when ${time}_text is not null and ${time} is null then 'unreadable ${time}'`).join(" ")}
        else ${notAllowed()}
      end as _reason
    from typed
  )
  select ${values.join(", ")}, ${outside} as _outside, _missing, _null, _coarse, is_odd and ${texts !== "all"} as _odd, (${reading.extra})::json as _extra,
    ${scope === null ? "_reason" : `if(${outside}, null, _reason)`} as _reason,
    case when _reason is not null and not ${outside} then ${reading.row} end as _raw
  from judged) to ${sqlLiteral(path)} (format parquet)`;
}
