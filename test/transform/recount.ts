import { millisecondsInDay } from "date-fns/constants";
import { companyResponses } from "../../src/pipeline/dataset/complaints.ts";

/** The marts counted anew in JavaScript, row by row: another way to the same numbers than the SQL of the models. */

/** A live row of raw.cfpb_complaints, times as ISO texts. */
export type RawRow = Record<string, string | null>;
/** A row of raw.cfpb_complaint_changes. */
export type RawChange = Record<"complaint_id" | "field" | "changed_on", string> &
  Record<"old_value" | "new_value" | "unchanged_until" | "received_on", string | null>;
export type MartRow = Record<string, string | number | boolean | null>;

type Complaint = {
  raw: RawRow;
  day: string;
  days: number | null;
  timely: boolean | null;
  disputed: boolean | null;
  narrative: boolean | null;
};

const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / millisecondsInDay;

export function complaintsOf(rows: readonly RawRow[]): Complaint[] {
  return rows
    .filter((raw) => raw._deleted_at === null)
    .map((raw) => {
      const day = raw.date_received!.slice(0, 10);
      const sent = raw.date_sent_to_company?.slice(0, 10) ?? null;
      const days = sent === null ? null : daysBetween(day, sent);
      const yesNo = (text: string | null | undefined) => (text === "Yes" ? true : text === "No" ? false : null);
      const said = raw.has_narrative === "true" ? true : raw.has_narrative === "false" ? false : null;
      return {
        raw,
        day,
        days: days === null || days < 0 ? null : days,
        timely: yesNo(raw.timely),
        disputed: yesNo(raw.consumer_disputed),
        narrative: said ?? (raw.complaint_what_happened ? true : null),
      };
    });
}

const round = (value: number) => Math.sign(value) * (Math.round((Math.abs(value) + 1e-9) * 100) / 100);

/** Percentage of true among those that are known. */
function share(values: readonly (boolean | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : round((100 * known.filter(Boolean).length) / known.length);
}

const trues = (values: readonly (boolean | null)[]) => values.filter((value) => value === true).length;

function unique(complaints: readonly Complaint[], field: string, counts = (_value: string) => true): number {
  const values = complaints.map(({ raw }) => raw[field] ?? null).filter((value) => value !== null);
  return new Set(values.filter(counts)).size;
}

function mostCommon(complaints: readonly Complaint[], field: string): string | null {
  const counts = new Map<string, number>();
  for (const { raw } of complaints) {
    const value = raw[field];
    if (value != null) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted[0]?.[0] ?? null;
}

const sortedDays = (complaints: readonly Complaint[]) =>
  complaints
    .map(({ days }) => days)
    .filter((days) => days !== null)
    .sort((a, b) => a - b);

function median(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const measures: Record<string, (complaints: readonly Complaint[]) => MartRow[string]> = {
  total_complaints: (c) => c.length,
  timely_responses: (c) => trues(c.map(({ timely }) => timely)),
  pct_timely: (c) => share(c.map(({ timely }) => timely)),
  disputed_complaints: (c) => trues(c.map(({ disputed }) => disputed)),
  pct_disputed: (c) => share(c.map(({ disputed }) => disputed)),
  complaints_with_narrative: (c) => trues(c.map(({ narrative }) => narrative)),
  pct_with_narrative: (c) => share(c.map(({ narrative }) => narrative)),
  avg_days_to_response: (c) => {
    const days = sortedDays(c);
    return days.length === 0 ? null : round(days.reduce((sum, one) => sum + one, 0) / days.length);
  },
  median_days_to_response: (c) => median(sortedDays(c)),
  min_days_to_response: (c) => sortedDays(c)[0] ?? null,
  max_days_to_response: (c) => sortedDays(c).at(-1) ?? null,
  first_complaint_date: (c) => c.map(({ day }) => day).sort()[0]!,
  last_complaint_date: (c) =>
    c
      .map(({ day }) => day)
      .sort()
      .at(-1)!,
  unique_companies: (c) => unique(c, "company"),
  unique_products: (c) => unique(c, "product"),
  unique_issues: (c) => unique(c, "issue"),
  unique_states: (c) => unique(c, "state"),
  unique_zip_codes: (c) => unique(c, "zip_code", (zip) => !zip.includes("X")),
  most_common_product: (c) => mostCommon(c, "product"),
  most_common_issue: (c) => mostCommon(c, "issue"),
  most_complained_company: (c) => mostCommon(c, "company"),
  most_common_submission_method: (c) => mostCommon(c, "submitted_via"),
  in_progress_complaints: (c) => c.filter(({ raw }) => raw.company_response === "In progress").length,
  settled_complaints: (c) => settled(c).length,
  pct_closed_with_explanation: (c) => answered(c, "Closed with explanation"),
  pct_closed_with_monetary_relief: (c) => answered(c, "Closed with monetary relief"),
  pct_closed_with_non_monetary_relief: (c) => answered(c, "Closed with non-monetary relief"),
  pct_untimely_response: (c) => answered(c, "Untimely response"),
};

const settled = (complaints: readonly Complaint[]) =>
  complaints.filter(({ raw }) => raw.company_response !== null && raw.company_response !== "In progress");
const answered = (complaints: readonly Complaint[], response: string) =>
  share(settled(complaints).map(({ raw }) => raw.company_response === response));

/** Groups complaints by some texts; a null first key makes no group. */
function groups(complaints: readonly Complaint[], keysOf: (complaint: Complaint) => (string | null)[]) {
  const found = new Map<string, Complaint[]>();
  for (const complaint of complaints) {
    const keys = keysOf(complaint);
    if (keys[0] === null) continue;
    const id = JSON.stringify(keys);
    const group = found.get(id);
    if (group === undefined) found.set(id, [complaint]);
    else group.push(complaint);
  }
  return [...found].map(([id, group]) => ({ keys: JSON.parse(id) as (string | null)[], group }));
}

export const monthOf = (day: string) => `${day.slice(0, 7)}-01`;

/** The rows of a mart that is one group of complaints a row, with the measures among `columns`. */
export function recount(mart: string, rows: readonly RawRow[], columns: readonly string[]): MartRow[] {
  const complaints = complaintsOf(rows);
  const measured = (group: readonly Complaint[]): MartRow =>
    Object.fromEntries(
      columns.filter((column) => column in measures).map((column) => [column, measures[column]!(group)]),
    );
  const field = (name: string) => (complaint: Complaint) => complaint.raw[name] ?? null;
  const month = ({ day }: Complaint) => monthOf(day);
  const dated = (row: MartRow, date: string): MartRow => ({
    ...row,
    complaint_month_date: date,
    year: Number(date.slice(0, 4)),
    month: Number(date.slice(5, 7)),
  });
  const whole = { dim_companies: "company", dim_states: "state", dim_response_types: "company_response" }[mart];
  if (whole !== undefined) {
    return groups(complaints, (c) => [field(whole)(c)]).map(({ keys, group }) => ({
      [whole]: keys[0]!,
      ...measured(group),
    }));
  }
  const parts = { dim_products: "product", dim_issues: "issue" }[mart];
  if (parts !== undefined) {
    const sub = `sub_${parts}`;
    return [
      ...groups(complaints, (c) => [field(parts)(c)]).map(({ keys, group }) => ({
        ...{ [parts]: keys[0]!, [sub]: null, level: parts },
        ...measured(group),
      })),
      ...groups(complaints, (c) => [field(parts)(c), field(sub)(c)]).map(({ keys, group }) => ({
        ...{ [parts]: keys[0]!, [sub]: keys[1]!, level: sub },
        ...measured(group),
      })),
    ];
  }
  if (mart === "agg_complaints_by_month") {
    return groups(complaints, (c) => [month(c)]).map(({ keys, group }) => dated(measured(group), keys[0]!));
  }
  const monthly = { agg_company_month: "company", agg_state_month: "state" }[mart]!;
  const made = groups(complaints, (c) => [field(monthly)(c), month(c)]);
  const totals = new Map(made.map(({ keys, group }) => [JSON.stringify(keys), group.length]));
  return made.map(({ keys, group }) => {
    const [key = null, date = null] = keys;
    const yearBefore = `${Number(date!.slice(0, 4)) - 1}${date!.slice(4)}`;
    const before = totals.get(JSON.stringify([key, yearBefore])) ?? null;
    return {
      ...dated(measured(group), date!),
      [monthly]: key,
      total_complaints_year_before: before,
      pct_change_year_over_year: before === null ? null : round((100 * (group.length - before)) / before),
    };
  });
}

/** The value at a rank of the sorted ones, without interpolation: SQL's percentile_disc. */
function atRank(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)]!;
}

const answers = new Set<string | null>(companyResponses.filter((response) => response !== "In progress"));

export function recountLag(rows: readonly RawRow[], changes: readonly RawChange[]): MartRow[] {
  const settledAfter = new Map<string, number>();
  for (const { complaint_id, field, old_value, new_value, changed_on, unchanged_until, received_on } of changes) {
    if (field !== "company_response" || old_value !== "In progress" || !answers.has(new_value)) continue;
    if (unchanged_until === null || daysBetween(unchanged_until, changed_on) > 7) continue;
    const days = daysBetween(received_on!, changed_on);
    settledAfter.set(complaint_id, Math.min(days, settledAfter.get(complaint_id) ?? days));
  }
  const found = new Map<string, RawRow[]>();
  for (const raw of rows) {
    const key = JSON.stringify([raw.company, monthOf(raw.date_received!)]);
    found.set(key, [...(found.get(key) ?? []), raw]);
  }
  return [...found].map(([key, group]) => {
    const [company, complaint_month_date] = JSON.parse(key) as [string, string];
    const live = group.filter(({ _deleted_at }) => _deleted_at === null);
    const publish = live
      .filter((raw) => raw._unseen_until != null && daysBetween(raw._unseen_until, raw._first_seen_on!) <= 7)
      .map((raw) => daysBetween(raw._first_received_on!, raw._first_seen_on!));
    const settle = live.flatMap(({ complaint_id }) => settledAfter.get(complaint_id!) ?? []);
    return {
      company,
      complaint_month_date,
      total_complaints: live.length,
      withdrawn_complaints: group.length - live.length,
      complaints_seen_appearing: publish.length,
      median_days_to_publish: atRank(publish, 0.5),
      p90_days_to_publish: atRank(publish, 0.9),
      max_days_to_publish: atRank(publish, 1),
      pct_published_within_15_days: share(publish.map((days) => days <= 15)),
      complaints_seen_settling: settle.length,
      median_days_to_settle: atRank(settle, 0.5),
      p90_days_to_settle: atRank(settle, 0.9),
      max_days_to_settle: atRank(settle, 1),
    };
  });
}
