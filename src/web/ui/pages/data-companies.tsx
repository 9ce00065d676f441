import { ChartCard, type Row, rowsOf } from "../parts/chart-card.tsx";
import { BarChart } from "../parts/charts.tsx";
import { text, useChart } from "../parts/data-filters.tsx";
import { route, setQuery } from "../router.ts";
import { Monthly } from "./data-executive.tsx";

/** A company, or two side by side. */
export function Companies() {
  const { query } = route.value;
  const [first, second] = [query.get("company"), query.get("with")];
  const choices = useChart("companies", { company: null });
  const names = choices.data === null ? [] : rowsOf(choices.data).map(({ company }) => text(company));
  const Choice = ({ label, name }: { label: string; name: string }) => {
    const now = (JSON.parse(query.get(name) ?? "[]") as string[])[0] ?? "";
    return (
      <label>
        {label}{" "}
        <select
          value={now}
          onChange={(event) =>
            setQuery({ [name]: event.currentTarget.value === "" ? null : JSON.stringify([event.currentTarget.value]) })
          }
        >
          <option value="">none</option>
          {[...new Set([...names, ...(now === "" ? [] : [now])])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    );
  };
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice label="Company" name="company" />
        <Choice label="beside" name="with" />
      </form>
      {first === null ? (
        <p class="empty">Choose a company, and another one to compare it with.</p>
      ) : (
        <div class={second === null ? "" : "pair"}>
          <Company key={first} company={first} />
          {second !== null && <Company key={second} company={second} />}
        </div>
      )}
    </>
  );
}

function Company({ company }: { company: string }) {
  const only = { company };
  const title = (JSON.parse(company) as string[]).join(", ");
  const bars = (rows: Row[], column: string) =>
    rows.map((row) => ({ name: text(row[column]), value: Number(row.complaints) }));
  return (
    <div>
      <h2>{title}</h2>
      <ChartCard title={`${title}: complaints by month`} name="complaints-by-month" result={useChart("monthly", only)}>
        {(rows) => <Monthly rows={rows} />}
      </ChartCard>
      <ChartCard title={`${title}: products`} name="products" result={useChart("products", only)}>
        {(rows) => <BarChart title="Products" bars={bars(rows, "product")} />}
      </ChartCard>
      <ChartCard title={`${title}: issues`} name="issues" result={useChart("issues", only)}>
        {(rows) => <BarChart title="Issues" bars={bars(rows, "issue")} />}
      </ChartCard>
      <ChartCard title={`${title}: how it answered`} name="responses" result={useChart("responses", only)}>
        {(rows) => <BarChart title="How it answered" bars={bars(rows, "response")} />}
      </ChartCard>
      <ChartCard title={`${title}: how late complaints appear`} name="lag" result={useChart("lag", only)}>
        {(rows) => {
          const months = rows.filter(({ median_days_to_publish }) => median_days_to_publish !== null).toReversed();
          return months.length === 0 ? (
            <p class="empty">No complaint was seen to appear yet: that takes a few nightly runs.</p>
          ) : (
            <BarChart
              title="Median days until a complaint appears, by month received"
              bars={months.map((row) => ({
                name: text(row.month).slice(0, 7),
                value: Number(row.median_days_to_publish),
              }))}
            />
          );
        }}
      </ChartCard>
    </div>
  );
}
