import { short } from "../format.ts";
import { ChartCard, type Row, rowsOf } from "../parts/chart-card.tsx";
import { BarChart, LineChart } from "../parts/charts.tsx";
import { Filters, number, text, useChart } from "../parts/data-filters.tsx";
import { QueryView } from "../parts/shown.tsx";
import { setQuery } from "../router.ts";

function Totals() {
  const result = useChart("totals");
  return (
    <QueryView result={result}>
      {(table) => {
        const [row] = rowsOf(table);
        return (
          <dl class="totals">
            {[
              ["complaints", short(Number(row?.complaints ?? 0))],
              ["companies", short(Number(row?.companies ?? 0))],
              ["answered in time", row?.pct_timely == null ? "-" : `${row.pct_timely}%`],
              ["settled", row?.pct_settled == null ? "-" : `${row.pct_settled}%`],
              ["received", `${text(row?.first_day)} to ${text(row?.last_day)}`],
            ].map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        );
      }}
    </QueryView>
  );
}

/** Each month beside the same month of the year before. */
export function Monthly({ rows }: { rows: Row[] }) {
  const labels = rows.map(({ month }) => text(month).slice(0, 7));
  const byMonth = new Map(rows.map(({ month, complaints }) => [text(month).slice(0, 7), Number(complaints)]));
  const before = labels.map((label) => byMonth.get(`${Number(label.slice(0, 4)) - 1}${label.slice(4)}`) ?? null);
  return (
    <LineChart
      title="Complaints by month"
      labels={labels}
      series={[
        { name: "complaints", values: rows.map(({ complaints }) => number(complaints)) },
        { name: "a year before", values: before, ghost: true },
      ]}
    />
  );
}

/** Volume against last year, who, what, how answered and when. */
export function Executive() {
  const bars = (rows: Row[], column: string) =>
    rows.map((row) => ({
      name: text(row[column]),
      value: Number(row.complaints),
      ...(row.pct_timely == null ? {} : { note: `${row.pct_timely}% in time` }),
    }));
  return (
    <>
      <Filters />
      <Totals />
      <div class="pair">
        <ChartCard title="Complaints by month" name="complaints-by-month" result={useChart("monthly")}>
          {(rows) => <Monthly rows={rows} />}
        </ChartCard>
        <ChartCard title="Companies" name="companies" result={useChart("companies")}>
          {(rows) => (
            <BarChart
              title="Companies"
              bars={bars(rows, "company")}
              onBar={(name) => setQuery({ company: JSON.stringify([name]) })}
            />
          )}
        </ChartCard>
        <ChartCard title="Products" name="products" result={useChart("products")}>
          {(rows) => (
            <BarChart title="Products" bars={bars(rows, "product")} onBar={(name) => setQuery({ product: name })} />
          )}
        </ChartCard>
        <ChartCard title="How companies answered" name="responses" result={useChart("responses")}>
          {(rows) => <BarChart title="How companies answered" bars={bars(rows, "response")} />}
        </ChartCard>
        <ChartCard title="Answered in time, percent" name="timely" result={useChart("timely")}>
          {(rows) => (
            <LineChart
              title="Answered in time, percent"
              labels={rows.map(({ month }) => text(month).slice(0, 7))}
              series={[{ name: "in time", values: rows.map(({ pct_timely }) => number(pct_timely)) }]}
              unit="%"
            />
          )}
        </ChartCard>
        <ChartCard title="Days until the complaint was sent to the company" name="days" result={useChart("days")}>
          {(rows) => <BarChart title="Days until the complaint was sent to the company" bars={bars(rows, "days")} />}
        </ChartCard>
      </div>
    </>
  );
}
