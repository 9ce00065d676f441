import { fields } from "../../pipeline/dataset/complaints.ts";
import { sqlLiteral } from "../../pipeline/sql-text.ts";
import { hasTwice, missingOf, unknownOf } from "./keys.ts";
import type { Reader } from "./reader.ts";
import { mayHaveOtherTypes } from "./unexpected-values.ts";

const keys = "map_keys(f)";

/** A row's unknown keys with their values. */
const extraFields = `to_json(map(${unknownOf(keys)}, list_transform(${unknownOf(keys)},
      lambda key: json_extract(j, '/' || replace(replace(key, '~', '~0'), '/', '~1')))))`;

/**
 * Reads an answer of the search API. It is parsed once, each row into a map of texts (docs/decisions/0002-two-readings-of-a-page.md). The
 * texts of all rows are taken out of it only where they are asked for, or where a row has a key that is no field; rows with the keys of the
 * page's first are the rule.
 */
export const readSearchJson: Reader = (path, texts) => ({
  queries: `
  page as (
    select content, from_json(content, '{"hits":{"hits":[{"_source":"MAP(VARCHAR,VARCHAR)"}]}}').hits.hits as hits,
      ${mayHaveOtherTypes("content")} as odd
    from read_text(${sqlLiteral(path)})
  ),
  usual as (
    select *, coalesce(map_keys(hits[1]._source), []) as usual from page
  ),
  kept as (
    select hits, usual, odd, ${missingOf("usual")} as usually_missing, ${hasTwice("usual")} as usually_twice,
      if(${texts === "all"} or len(${unknownOf("usual")}) > 0 or len(list_filter(hits, lambda hit: map_keys(hit._source) is distinct from usual)) > 0,
        content -> '$.hits.hits[*]._source', null) as texts
    from usual
  ),
  hit as (
    select unnest(hits)._source as f, unnest(texts) as j, usual, odd, usually_missing, usually_twice from kept
  )`,
  text: (field) => `f['${field}']`,
  carried: "f, j, odd",
  row: texts === "all" ? "coalesce(j::varchar, 'null')" : "j::varchar",
  missing: `case when ${keys} = usual then usually_missing else ${missingOf(keys)} end`,
  extra: `case when len(${keys}) + bit_count(_missing) > ${fields.length} then ${extraFields} end`,
  twice: `case when ${keys} = usual then usually_twice else ${hasTwice(keys)} end`,
  odd: "odd",
});
