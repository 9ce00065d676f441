import { dayText } from "../dataset/clock.ts";
import type { Shape } from "../dataset/shapes.ts";
import type { View } from "../index/live-index.ts";
import { type Answer, openHeaders } from "./answer.ts";
import { renderSource } from "./render.ts";

/** One complaint by its id, in the index's own form: an unknown id is an answer without hits. */
export function singleDocument(view: View, id: string, shape: Shape): Answer {
  const { rows, snapshot } = view;
  const row = /^[1-9]\d*$/.test(id)
    ? snapshot.visible.find((candidate) => rows.id[candidate] === Number(id))
    : undefined;
  const indexed = `"date_indexed":"${dayText(view.lastIndexed)}T14:30:00.000Z",`;
  const hit =
    row === undefined
      ? ""
      : `{"_index":"${view.name}","_id":"${id}","_score":1.0,"_source":${renderSource(view, shape, row, indexed)}}`;
  const count = row === undefined ? 0 : 1;
  const body =
    `{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},` +
    `"hits":{"total":{"value":${count},"relation":"eq"},"max_score":${row === undefined ? "null" : "1.0"},"hits":[${hit}]}}`;
  return { status: 200, headers: { "content-type": "application/json", ...openHeaders }, body };
}
