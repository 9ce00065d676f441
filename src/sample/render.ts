import type { View } from "./live-index.ts";
import { dateJson, type Shape } from "./shapes.ts";

/** A row's `_source` as JSON text. `more` goes in front of the other keys. */
export function renderSource(view: View, shape: Shape, row: number, more = ""): string {
  const { words, id, received } = view.rows;
  const { codes, sent } = view.snapshot;
  const narrative = codes.complaint_what_happened[row]!;
  const told = shape.narratives
    ? `"complaint_what_happened":${narrative === 0 ? '""' : words.complaint_what_happened.json(narrative)},"has_narrative":${narrative !== 0},`
    : "";
  return (
    `{${more}${told}"product":${words.product.json(codes.product[row]!)}` +
    `,"date_sent_to_company":${dateJson(shape, sent[row]!)}` +
    `,"issue":${words.issue.json(codes.issue[row]!)}` +
    `,"sub_product":${words.sub_product.json(codes.sub_product[row]!)}` +
    `,"zip_code":${words.zip_code.json(codes.zip_code[row]!)}` +
    `,"tags":${words.tags.json(codes.tags[row]!)}` +
    `,"complaint_id":"${id[row]!}"` +
    `,"timely":${words.timely.json(codes.timely[row]!)}` +
    `,"company_response":${words.company_response.json(codes.company_response[row]!)}` +
    `,"submitted_via":${words.submitted_via.json(codes.submitted_via[row]!)}` +
    `,"company":${words.company.json(codes.company[row]!)}` +
    `,"date_received":${dateJson(shape, received[row]!)}` +
    `,"state":${words.state.json(codes.state[row]!)}` +
    `,"company_public_response":${words.company_public_response.json(codes.company_public_response[row]!)}` +
    `,"sub_issue":${words.sub_issue.json(codes.sub_issue[row]!)}}`
  );
}

/** The hits of a page as JSON text, each with its place in the order. */
export function renderHits(view: View, shape: Shape, page: Uint32Array, byDate: boolean): string {
  const { id, received } = view.rows;
  const head = `{"_index":"${view.name}","_id":"`;
  const score = byDate ? "null" : "1.0";
  const parts = new Array<string>(page.length);
  for (let i = 0; i < page.length; i++) {
    const row = page[i]!;
    const first = byDate ? received[row]! : "1.0";
    parts[i] =
      `${head}${id[row]!}","_score":${score},"_source":${renderSource(view, shape, row)},"sort":[${first},"${id[row]!}"]}`;
  }
  return parts.join(",");
}
