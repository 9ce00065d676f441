import type { Rows, Snapshot } from "./rows.ts";

/** The hits of a page as JSON text; `index` is the name of the index that shows them. */
export function renderHits(rows: Rows, snapshot: Snapshot, page: Uint32Array, index: string): string {
  const { words } = rows;
  const { codes } = snapshot;
  const head = `{"_index":"${index}","_id":"`;
  const parts = new Array<string>(page.length);
  for (let i = 0; i < page.length; i++) {
    const row = page[i]!;
    const id = rows.id[row]!;
    const received = rows.received[row]!;
    const sent = snapshot.sent[row]!;
    parts[i] =
      `${head}${id}","_score":null,"_source":{"product":${words.product.json(codes.product[row]!)}` +
      `,"date_sent_to_company":${Number.isNaN(sent) ? "null" : `"${new Date(sent).toISOString()}"`}` +
      `,"issue":${words.issue.json(codes.issue[row]!)}` +
      `,"sub_product":${words.sub_product.json(codes.sub_product[row]!)}` +
      `,"zip_code":${words.zip_code.json(codes.zip_code[row]!)}` +
      `,"tags":${words.tags.json(codes.tags[row]!)}` +
      `,"complaint_id":"${id}"` +
      `,"timely":${words.timely.json(codes.timely[row]!)}` +
      `,"company_response":${words.company_response.json(codes.company_response[row]!)}` +
      `,"submitted_via":${words.submitted_via.json(codes.submitted_via[row]!)}` +
      `,"company":${words.company.json(codes.company[row]!)}` +
      `,"date_received":"${new Date(received).toISOString()}"` +
      `,"state":${words.state.json(codes.state[row]!)}` +
      `,"company_public_response":${words.company_public_response.json(codes.company_public_response[row]!)}` +
      `,"sub_issue":${words.sub_issue.json(codes.sub_issue[row]!)}},"sort":[${received},"${id}"]}`;
  }
  return parts.join(",");
}
