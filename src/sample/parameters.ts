import { dayMs } from "./clock.ts";

/** What a search asks for, as far as it is built. */
export type Query = {
  companies: string[];
  searchTerm: string | null;
  /** First and last millisecond of `date_received`, both inclusive. */
  from: number;
  to: number;
  size: number;
  sort: "created_date_desc" | "created_date_asc" | null;
  /** The pair as sent. */
  searchAfter: string | null;
  aggregations: boolean;
};

/** All wrong fields at once, as the source's form validation says them. */
export type FieldErrors = Record<string, string[] | Record<string, string[]>>;

export type Parsed = { query: Query } | { errors: FieldErrors } | { notBuilt: string };

/** Parameters that the source applies and this server does not know how to yet. Unknown ones are ignored, as there. */
const notBuilt = [
  "product",
  "issue",
  "state",
  "zip_code",
  "tags",
  "timely",
  "company_response",
  "company_public_response",
  "submitted_via",
  "company_received_min",
  "company_received_max",
  "frm",
  "format",
];

/** Reads a query string. Of a single-valued parameter given twice the last one counts. */
export function parseQuery(search: URLSearchParams): Parsed {
  for (const name of new Set(search.keys())) {
    if (notBuilt.includes(name) || (name.startsWith("not_") && name !== "not_zip_code")) return { notBuilt: name };
  }
  const errors: FieldErrors = {};
  const last = (name: string) => search.getAll(name).at(-1);
  const companies = search.getAll("company").map(trimmed);
  for (const [position, name] of companies.entries()) {
    const message = name === "" ? blank : name.includes("\0") ? "Null characters are not allowed." : null;
    if (message !== null) errors.company = { ...(errors.company as Record<string, string[]>), [position]: [message] };
  }
  const size = integer(last("size"), 25, 100_000, "size", errors);
  const sort = last("sort");
  const sorts = ["relevance_desc", "relevance_asc", "created_date_desc", "created_date_asc"];
  if (sort !== undefined && !sorts.includes(sort)) errors.sort = [`"${sort}" is not a valid choice.`];
  const term = last("search_term");
  if (term !== undefined && trimmed(term) === "") errors.search_term = [blank];
  if (term !== undefined && trimmed(term).length > 200)
    errors.search_term = ["Ensure this field has no more than 200 characters."];
  const searchAfter = last("search_after");
  if (searchAfter !== undefined && trimmed(searchAfter) === "") errors.search_after = [blank];
  const from = day(last("date_received_min"), "date_received_min", errors) ?? Number.NEGATIVE_INFINITY;
  const to = day(last("date_received_max"), "date_received_max", errors);
  const noAggregations = boolean(last("no_aggs"), "no_aggs", errors);
  boolean(last("no_highlight"), "no_highlight", errors);
  if (Object.keys(errors).length > 0) return { errors };

  if (term !== undefined && last("field") !== "company") return { notBuilt: "search_term without field=company" };
  const byDate = sort === "created_date_desc" || sort === "created_date_asc" ? sort : null;
  if (size > 0 && byDate === null) return { notBuilt: "sort by relevance" };
  return {
    query: {
      companies,
      searchTerm: term === undefined ? null : trimmed(term),
      from,
      to: to === null ? Number.POSITIVE_INFINITY : to + dayMs - 1,
      size,
      sort: byDate,
      searchAfter: searchAfter === undefined ? null : trimmed(searchAfter),
      aggregations: !noAggregations,
    },
  };
}

const blank = "This field may not be blank.";

/** White space at both ends is cut off, U+00A0 too. */
function trimmed(text: string): string {
  return text.trim();
}

function integer(text: string | undefined, byDefault: number, most: number, name: string, errors: FieldErrors): number {
  if (text === undefined) return byDefault;
  const match = /^\s*([+-]?\d+)(\.0*)?\s*$/.exec(text);
  const value = Number(match?.[1]);
  const message = match
    ? value < 0
      ? "Ensure this value is greater than or equal to 0."
      : value > most
        ? `Ensure this value is less than or equal to ${most}.`
        : null
    : "A valid integer is required.";
  if (message !== null) errors[name] = [message];
  return value;
}

/** `2025-03-01`, `2025-3-1` and `20250301`, as epoch milliseconds. */
function day(text: string | undefined, name: string, errors: FieldErrors): number | null {
  if (text === undefined) return null;
  const [, year, month, date] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  const value = Date.UTC(Number(year), Number(month) - 1, Number(date));
  if (year !== undefined && new Date(value).getUTCDate() === Number(date)) return value;
  errors[name] = ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."];
  return null;
}

function boolean(text: string | undefined, name: string, errors: FieldErrors): boolean {
  const value = text?.toLowerCase();
  if (value === undefined || ["false", "0", "no", "f", "n", "off"].includes(value)) return false;
  if (["true", "1", "yes", "t", "y", "on"].includes(value)) return true;
  errors[name] = ["Must be a valid boolean."];
  return false;
}
