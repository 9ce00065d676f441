import type { Shape } from "../dataset/shapes.ts";
import type { View } from "../index/live-index.ts";
import { type FieldErrors, parseQuery } from "../search/parameters.ts";
import { select } from "../search/select.ts";
import { type Answer, indexFailed, json, openHeaders } from "./answer.ts";

const most = 10;

/** `_suggest_company` and `_suggest_zip`, as they were until August 2026: the ten values with the most complaints. */
export function suggest(view: View, kind: "company" | "zip", search: URLSearchParams, shape: Shape): Answer {
  const text = search.getAll("text").at(-1)?.trim();
  const parsed = parseQuery(search, shape);
  const errors: FieldErrors = "errors" in parsed ? parsed.errors : {};
  if (text === undefined) errors.text = ["This field is required."];
  else if (text === "") errors.text = ["This field may not be blank."];
  if (Object.keys(errors).length > 0 || "errors" in parsed) return json(400, errors);
  const field = kind === "company" ? "company" : "zip_code";
  // A company is not limited by the company filter.
  const { query } = parsed;
  if (kind === "company") delete query.include.company;
  const selected = select(view, query);
  if (selected === null) return indexFailed();
  const wanted = text!.toUpperCase();
  const words = view.rows.words[field];
  const codes = view.snapshot.codes[field];
  const counts = new Map<number, number>();
  for (const row of selected.rows) counts.set(codes[row]!, (counts.get(codes[row]!) ?? 0) + 1);
  const found = [...counts]
    .map(([code, count]) => ({ name: words.text(code) ?? "", count }))
    .filter(({ name }) => (kind === "company" ? name.toUpperCase().includes(wanted) : name.startsWith(wanted)))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return json(
    200,
    found.slice(0, most).map(({ name }) => name),
    openHeaders,
  );
}

/** `trends`: only its refusals are known here. */
export function trends(search: URLSearchParams): Answer {
  const errors: FieldErrors = {};
  for (const name of ["trend_interval", "lens"]) if (!search.has(name)) errors[name] = ["This field is required."];
  if (Object.keys(errors).length > 0) return json(400, errors);
  return json(501, { detail: "This server does not make trends." });
}
