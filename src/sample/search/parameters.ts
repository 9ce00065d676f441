import { dayMs } from "../dataset/clock.ts";
import type { Shape } from "../dataset/shapes.ts";

/** Fields that can be filtered, and counted without their own filter. */
const filterFields = [
  "company",
  "company_public_response",
  "company_response",
  "has_narrative",
  "issue",
  "product",
  "state",
  "submitted_via",
  "tags",
  "timely",
  "zip_code",
] as const;

export type FilterField = (typeof filterFields)[number];

/** The same as exclusions; there are none for ZIP codes and channels. Source: cfpb/ccdb5-api. */
const excludable: readonly FilterField[] = [
  "company",
  "company_public_response",
  "company_response",
  "issue",
  "product",
  "state",
  "tags",
];

type Range = { from: number; to: number };

/** What decides which rows there are, whatever page of them is asked for. */
export type Selection = {
  include: Partial<Record<FilterField, string[]>>;
  exclude: Partial<Record<FilterField, string[]>>;
  searchTerm: string | null;
  field: string;
  /** Milliseconds of `date_received`, both inclusive. */
  received: Range;
  /** The same of `date_sent_to_company`; null where it is not asked for. */
  sent: Range | null;
};

const sorts = ["relevance_desc", "relevance_asc", "created_date_desc", "created_date_asc"] as const;

export type Query = Selection & {
  size: number;
  frm: number;
  sort: (typeof sorts)[number];
  /** The pair as sent. */
  searchAfter: string | null;
  aggregations: boolean;
  highlight: boolean;
};

/** All wrong fields at once, as the source's form validation says them. */
export type FieldErrors = Record<string, string[] | Record<string, string[]>>;

const blank = "This field may not be blank.";
const noNull = "Null characters are not allowed.";

/** States that can be asked for: with territories and the armed forces' post, without the freely associated ones. */
const states = new Set(
  "AL AK AS AZ AR AA AE AP CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND MP OH OK OR PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY".split(
    " ",
  ),
);

/** Reads a query string. Of a single-valued parameter given twice the last one counts; unknown ones are ignored. */
export function parseQuery(search: URLSearchParams, shape: Shape): { query: Query } | { errors: FieldErrors } {
  const errors: FieldErrors = {};
  const last = (name: string) => search.getAll(name).at(-1);
  const include: Selection["include"] = {};
  const exclude: Selection["exclude"] = {};
  for (const field of filterFields) {
    if (field === "has_narrative" && !shape.narratives) continue;
    const values = list(search, field, field, errors);
    if (values.length > 0) include[field] = values;
    if (!excludable.includes(field)) continue;
    const unwanted = list(search, `not_${field}`, field, errors);
    if (unwanted.length > 0) exclude[field] = unwanted;
  }
  const choice = (name: string, choices: readonly string[], byDefault: string) => {
    const value = last(name);
    if (value !== undefined && !choices.includes(value)) errors[name] = [`"${value}" is not a valid choice.`];
    return value ?? byDefault;
  };
  const size = integer(last("size"), 25, 100_000, "size", errors);
  const frm = integer(last("frm"), 0, 10_000, "frm", errors);
  const query: Query = {
    include,
    exclude,
    searchTerm: text(last("search_term"), "search_term", errors),
    field: choice("field", shape.searchFields, shape.searchFields[0]!),
    received: range(last, "date_received", errors) ?? { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
    sent: range(last, "company_received", errors),
    size,
    frm,
    sort: choice("sort", sorts, "relevance_desc") as Query["sort"],
    searchAfter: text(last("search_after"), "search_after", errors),
    aggregations: !boolean(last("no_aggs"), "no_aggs", errors),
    highlight: !boolean(last("no_highlight"), "no_highlight", errors),
  };
  if (Object.keys(errors).length > 0) return { errors };
  if (size !== 0 && frm % size !== 0)
    return { errors: { non_field_errors: ["frm is not zero or a multiple of size"] } };
  return { query };
}

function list(search: URLSearchParams, name: string, field: FilterField, errors: FieldErrors): string[] {
  // White space at both ends is cut off, U+00A0 too; a choice is taken as it is.
  const values = search.getAll(name).map((value) => (field === "state" ? value : value.trim()));
  const wrong: Record<string, string[]> = {};
  for (const [position, value] of values.entries()) {
    const message = valueError(value, field);
    if (message !== null) wrong[position] = [message];
  }
  if (Object.keys(wrong).length > 0) errors[name] = wrong;
  else if ((field === "product" || field === "issue") && values.some((value) => value.split("•").length > 2)) {
    const part = `sub${field}`;
    const title = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
    errors[name] = [`${title} is malformed, it needs to be "${field}" or "${field}•${part}"`];
  }
  return values;
}

function valueError(value: string, field: FilterField): string | null {
  if (field === "state") return states.has(value) ? null : `"${value}" is not a valid choice.`;
  if (value === "") return blank;
  if (value.includes("\0")) return noNull;
  const length = [...value].length;
  if (field === "zip_code" && length < 5) return "Ensure this field has at least 5 characters.";
  const most = field === "zip_code" ? 5 : 200;
  return length > most ? `Ensure this field has no more than ${most} characters.` : null;
}

function text(value: string | undefined, name: string, errors: FieldErrors): string | null {
  if (value === undefined) return null;
  const trimmed = value.trim();
  if (trimmed === "") errors[name] = [blank];
  else if (trimmed.includes("\0")) errors[name] = [noNull];
  else if ([...trimmed].length > 200) errors[name] = ["Ensure this field has no more than 200 characters."];
  return trimmed;
}

/** Characters of a number that are looked at. Source: Django REST framework's IntegerField. */
const longestNumber = 1000;

function integer(
  value: string | undefined,
  byDefault: number,
  most: number,
  name: string,
  errors: FieldErrors,
): number {
  if (value === undefined) return byDefault;
  // As Python reads a whole number: digits may be parted by single underscores.
  const match = /^\s*([+-]?\d+(?:_\d+)*)(\.0*)?\s*$/.exec(value);
  const number = Number(match?.[1]?.replaceAll("_", ""));
  if (value.length > longestNumber) errors[name] = ["String value too large."];
  else if (match === null) errors[name] = ["A valid integer is required."];
  else if (number < 0) errors[name] = ["Ensure this value is greater than or equal to 0."];
  else if (number > most) errors[name] = [`Ensure this value is less than or equal to ${most}.`];
  return number;
}

function range(last: (name: string) => string | undefined, name: string, errors: FieldErrors): Range | null {
  const from = day(last(`${name}_min`), `${name}_min`, errors);
  const to = day(last(`${name}_max`), `${name}_max`, errors);
  if (from === null && to === null) return null;
  return {
    from: from ?? Number.NEGATIVE_INFINITY,
    to: to === null ? Number.POSITIVE_INFINITY : to + dayMs - 1,
  };
}

/** `2025-03-01`, `2025-3-1` and `20250301`, as epoch milliseconds. */
function day(value: string | undefined, name: string, errors: FieldErrors): number | null {
  if (value === undefined) return null;
  const [, year, month, date] =
    /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(value) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(value) ?? [];
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(date));
  const exists =
    year !== undefined &&
    Number(year) > 0 &&
    new Date(ms).getUTCMonth() === Number(month) - 1 &&
    new Date(ms).getUTCDate() === Number(date);
  if (exists) return ms;
  errors[name] = ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."];
  return null;
}

function boolean(value: string | undefined, name: string, errors: FieldErrors): boolean {
  const lower = value?.toLowerCase();
  if (lower === undefined || ["false", "0", "no", "f", "n", "off"].includes(lower)) return false;
  if (["true", "1", "yes", "t", "y", "on"].includes(lower)) return true;
  errors[name] = ["Must be a valid boolean."];
  return false;
}
