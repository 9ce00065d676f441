import { columns, complaints, fields, mutableFields } from "../../pipeline/dataset/complaints.ts";
import type { LandedFile } from "../../pipeline/flow/values.ts";
import type { LandedFormat } from "../../pipeline/scope/strategy.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { columnValue } from "./column-values.ts";
import { readExportCsv } from "./export-csv.ts";
import { bitOf, hasTwice, missingOf, unknownOf } from "./keys.ts";
import type { Reader, Texts } from "./reader.ts";
import { readSearchJson } from "./search-json.ts";
import { notAllowed, wrongType } from "./unexpected-values.ts";

const { key, cursor } = complaints;

const readers: Readonly<Record<LandedFormat, Reader>> = {
  "search-json": readSearchJson,
  "export-csv": readExportCsv,
};

/** Times that a row may lack: one that is there and cannot be read rejects it. */
const otherTimes = columns.filter(({ name, kind }) => kind === "instant" && name !== cursor).map(({ name }) => name);

/** A row's unknown keys with their values. */
const extraFields = `to_json(map(${unknownOf("keys")}, list_transform(${unknownOf("keys")},
      lambda key: json_extract(j, '/' || replace(replace(key, '~', '~0'), '/', '~1')))))`;

/** A landed file, and the Parquet file that its rows are staged in. */
export type StagedFile = { landed: Pick<LandedFile, "path" | "format">; path: string };

/**
 * Writes the rows of a landed file to a Parquet file. A field that a row does not have is a bit of its `_missing`; what cannot be kept has a
 * `_reason`, and its text in `_raw`.
 */
export function stagingSql({ landed, path }: StagedFile, texts: Texts): string {
  return `
  copy (with ${readers[landed.format](landed.path, texts)},
  typed as (
    select ${columns.map((column) => `${columnValue(column)} as ${column.name}`).join(",\n      ")},
      ${otherTimes.map((time) => `nullif(trim(f['${time}']), '') as ${time}_text`).join(", ")},
      map_keys(f) as keys, keys = usual as alike, usually_missing, j, odd,
      case when alike then usually_twice else ${hasTwice("keys")} end as twice
    from hit
  ),
  judged as (
    select * replace (case when not twice then ${key} end as ${key}),
      case when alike then usually_missing else ${missingOf("keys")} end as _missing,
      ${mutableFields.map((field) => `if(${field} is null, ${bitOf(field)}, 0)`).join(" + ")} as _null,
      ${texts === "all" ? `case when odd then ${wrongType("j")} end` : "null"} as wrong_kind,
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
  select ${fields.join(", ")}, _missing, _null, odd and ${texts !== "all"} as _odd,
    case when len(keys) + bit_count(_missing) > ${fields.length} then ${extraFields} end::json as _extra,
    _reason, case when _reason is not null then ${texts === "all" ? "coalesce(j::varchar, 'null')" : "j::varchar"} end as _raw
  from judged) to ${sqlLiteral(path)} (format parquet)`;
}
