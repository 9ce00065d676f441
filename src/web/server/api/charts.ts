import { sqlLiteral } from "../../../pipeline/sql-text.ts";

/** What the data pages are filtered by; nothing: everything. Days are inclusive. */
export type ChartFilter = {
  company?: string[] | undefined;
  product?: string | undefined;
  state?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

export const chartNames = [
  ...["totals", "monthly", "companies", "products", "issues", "responses", "timely", "days", "states", "lag", "recent"],
] as const;
export type ChartName = (typeof chartNames)[number];

/** The SQL behind each chart, on the published tables: the very text that a page shows, and that `pipeline sql` takes. */
export function chartSql(name: ChartName, filter: ChartFilter): string {
  const where = conditions(filter);
  const complaints = `from fct_complaints${where === "" ? "" : `\nwhere ${where}`}`;
  const timely = "round(100.0 * count(*) filter (is_timely_response) / nullif(count(is_timely_response), 0), 1)";
  const top = (column: string, alias: string, limit: number) =>
    `select ${column} as ${alias}, count(*) as complaints, ${timely} as pct_timely\n${complaints}\ngroup by 1\norder by complaints desc, 1\nlimit ${limit}`;
  switch (name) {
    case "totals":
      return `select count(*) as complaints, count(distinct company) as companies, ${timely} as pct_timely,\n  round(100.0 * count(*) filter (is_settled) / nullif(count(*), 0), 1) as pct_settled,\n  min(date_received) as first_day, max(date_received) as last_day\n${complaints}`;
    case "monthly":
      return `select complaint_month_date as month, count(*) as complaints\n${complaints}\ngroup by 1\norder by 1`;
    case "companies":
      return top("company", "company", 15);
    case "products":
      return top("current_product", "product", 12);
    case "issues":
      return top("current_issue", "issue", 12);
    case "responses":
      return `select coalesce(company_response, 'None yet') as response, count(*) as complaints\n${complaints}\ngroup by 1\norder by complaints desc, 1`;
    case "timely":
      return `select complaint_month_date as month, ${timely} as pct_timely\n${complaints}\ngroup by 1\norder by 1`;
    case "days":
      return `select case when days_to_response <= 0 then '0' when days_to_response <= 1 then '1' when days_to_response <= 3 then '2-3'\n    when days_to_response <= 7 then '4-7' when days_to_response <= 14 then '8-14' else '15 and more' end as days,\n  count(*) as complaints\n${complaints}${where === "" ? "\nwhere" : "\n  and"} days_to_response is not null\ngroup by 1\norder by min(days_to_response)`;
    case "states":
      return `with population as (select state, max(population) as population from agg_state_month group by 1)\nselect state, complaints, population, round(1e5 * complaints / population, 1) as per_100k, pct_timely\nfrom (select state, count(*) as complaints, ${timely} as pct_timely ${complaints.replaceAll("\n", " ")} group by 1)\nleft join population using (state)\nwhere state is not null\norder by complaints desc, state`;
    case "recent":
      return `with span as (select max(date_received) as newest from fct_complaints),\n  counted as (select company, date_received as day, count(*) as n\n${complaints}\ngroup by 1, 2)\nselect company, sum(n)::bigint as complaints, list(n order by day) filter (day > newest - 60) as daily\nfrom counted, span\ngroup by 1\norder by 2 desc\nlimit 500`;
    case "lag":
      return `select company, complaint_month_date as month, complaints_seen_appearing, median_days_to_publish, p90_days_to_publish,\n  complaints_seen_settling, median_days_to_settle\nfrom agg_publication_lag${filter.company?.length ? `\nwhere ${among("company", filter.company)}` : ""}\norder by month desc, company\nlimit 48`;
  }
}

function conditions({ company, product, state, from, to }: ChartFilter): string {
  return [
    company?.length ? among("company", company) : "",
    product === undefined ? "" : `current_product = ${sqlLiteral(product)}`,
    state === undefined ? "" : `state = ${sqlLiteral(state)}`,
    from === undefined ? "" : `date_received >= ${sqlLiteral(from)}`,
    to === undefined ? "" : `date_received <= ${sqlLiteral(to)}`,
  ]
    .filter(Boolean)
    .join("\n  and ");
}

function among(column: string, values: readonly string[]): string {
  return values.length === 1
    ? `${column} = ${sqlLiteral(values[0]!)}`
    : `${column} in (${values.map(sqlLiteral).join(", ")})`;
}
