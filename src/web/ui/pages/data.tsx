import { useEffect, useState } from "preact/hooks";
import { act, post, useAsked } from "../api.ts";
import { short } from "../format.ts";
import { ChartCard, type Row, rowsOf, TableView } from "../parts/chart-card.tsx";
import { BarChart, LineChart } from "../parts/charts.tsx";
import { UsMap } from "../parts/map.tsx";
import { Shown } from "../parts/shown.tsx";
import { here, setQuery } from "../router.ts";
import type { Table } from "../types.ts";

const parts = [
  ["", "Executive"],
  ["geography", "Geography"],
  ["companies", "Companies"],
  ["sql", "SQL"],
] as const;

/** What the data says, by the published snapshot. Every filter stands in the address. */
export function Data({ part }: { part: string }) {
  useEffect(() => {
    document.title = "Data: pipeline";
  }, []);
  const query = here.value.query.toString();
  return (
    <>
      <h1>Data</h1>
      <nav class="tabs" aria-label="Data pages">
        {parts.map(([name, title]) => (
          <a
            key={name}
            href={`/data${name === "" ? "" : `/${name}`}${query === "" || name === "sql" ? "" : `?${query}`}`}
            aria-current={name === part ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {part === "" && <Executive />}
      {part === "geography" && <Geography />}
      {part === "companies" && <Companies />}
      {part === "sql" && <Sql />}
    </>
  );
}

const filterNames = ["company", "product", "state", "from", "to"] as const;

/** The chart of a name under the page's filters, or under others. */
function useChart(name: string, change: Record<string, string | null> = {}) {
  const filter = new URLSearchParams();
  for (const key of filterNames) {
    const value = key in change ? change[key] : here.value.query.get(key);
    if (value != null && value !== "") filter.set(key, value);
  }
  return useAsked<Table>(`/charts/${name}${filter.size === 0 ? "" : `?${filter}`}`);
}

const text = (value: unknown) => String(value ?? "");
const number = (value: unknown) => (value === null || value === undefined ? null : Number(value));

function Filters() {
  const { query } = here.value;
  const companies = useChart("companies", { company: null });
  const products = useChart("products", { product: null });
  const states = useChart("states", { state: null });
  const company = JSON.parse(query.get("company") ?? "[]") as string[];
  const names = (table: Table | null, column: string) =>
    table === null ? [] : rowsOf(table).map((row) => text(row[column]));
  const Pick = ({ label, name, values }: { label: string; name: string; values: string[] }) => (
    <label>
      {label}{" "}
      <select value={query.get(name) ?? ""} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        <option value="">all</option>
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Company{" "}
          <select
            value=""
            onChange={(event) => {
              const added = [...new Set([...company, event.currentTarget.value])];
              setQuery({ company: JSON.stringify(added) });
            }}
          >
            <option value="">{company.length === 0 ? "all" : "add one"}</option>
            {names(companies.data, "company").map((value) => (
              <option key={value}>{value}</option>
            ))}
          </select>
        </label>
        <Pick label="Product" name="product" values={names(products.data, "product")} />
        <Pick label="State" name="state" values={names(states.data, "state").sort()} />
        {(["from", "to"] as const).map((name) => (
          <label key={name}>
            {name === "from" ? "From" : "To"}{" "}
            <input
              type="date"
              value={query.get(name) ?? ""}
              onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </form>
      <p class="chips">
        {company.map((one) => (
          <button
            key={one}
            type="button"
            class="chip"
            onClick={() => {
              const rest = company.filter((other) => other !== one);
              setQuery({ company: rest.length === 0 ? null : JSON.stringify(rest) });
            }}
          >
            {one} ×
          </button>
        ))}
        {(["product", "state", "from", "to"] as const)
          .filter((name) => query.get(name))
          .map((name) => (
            <button key={name} type="button" class="chip" onClick={() => setQuery({ [name]: null })}>
              {name}: {query.get(name)} ×
            </button>
          ))}
      </p>
    </>
  );
}

function Totals() {
  const asked = useChart("totals");
  return (
    <Shown asked={asked}>
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
    </Shown>
  );
}

/** Each month beside the same month of the year before. */
function Monthly({ rows }: { rows: Row[] }) {
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

function Executive() {
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
        <ChartCard title="Complaints by month" name="complaints-by-month" asked={useChart("monthly")}>
          {(rows) => <Monthly rows={rows} />}
        </ChartCard>
        <ChartCard title="Companies" name="companies" asked={useChart("companies")}>
          {(rows) => (
            <BarChart
              title="Companies"
              bars={bars(rows, "company")}
              onBar={(name) => setQuery({ company: JSON.stringify([name]) })}
            />
          )}
        </ChartCard>
        <ChartCard title="Products" name="products" asked={useChart("products")}>
          {(rows) => (
            <BarChart title="Products" bars={bars(rows, "product")} onBar={(name) => setQuery({ product: name })} />
          )}
        </ChartCard>
        <ChartCard title="How companies answered" name="responses" asked={useChart("responses")}>
          {(rows) => <BarChart title="How companies answered" bars={bars(rows, "response")} />}
        </ChartCard>
        <ChartCard title="Answered in time, percent" name="timely" asked={useChart("timely")}>
          {(rows) => (
            <LineChart
              title="Answered in time, percent"
              labels={rows.map(({ month }) => text(month).slice(0, 7))}
              series={[{ name: "in time", values: rows.map(({ pct_timely }) => number(pct_timely)) }]}
              unit="%"
            />
          )}
        </ChartCard>
        <ChartCard title="Days until the complaint was sent to the company" name="days" asked={useChart("days")}>
          {(rows) => <BarChart title="Days until the complaint was sent to the company" bars={bars(rows, "days")} />}
        </ChartCard>
      </div>
    </>
  );
}

const measures = { per_100k: "per 100,000 people", complaints: "complaints", pct_timely: "percent in time" } as const;
type Measure = keyof typeof measures;

function Geography() {
  const measure = (here.value.query.get("by") ?? "per_100k") as Measure;
  const selected = here.value.query.get("state");
  const asked = useChart("states", { state: null });
  const shown = (row: Row) =>
    `${short(Number(row.complaints))} complaints, ${text(row.per_100k ?? "-")} per 100,000 people, ${text(row.pct_timely ?? "-")}% in time`;
  return (
    <>
      <Filters />
      <label class="filters">
        Show{" "}
        <select value={measure} onChange={(event) => setQuery({ by: event.currentTarget.value })}>
          {Object.entries(measures).map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <ChartCard title="Complaints by state" name="states" asked={asked}>
        {(rows) => {
          const ranked = rows
            .filter((row) => row[measure] !== null)
            .toSorted((a, b) => Number(b[measure]) - Number(a[measure]));
          const values = new Map(
            ranked.map((row) => [text(row.state), { value: Number(row[measure]), text: shown(row) }]),
          );
          const choose = (code: string) => setQuery({ state: code === selected ? null : code });
          return (
            <div class="geography">
              <UsMap values={values} selected={selected} onState={choose} />
              <BarChart
                title={`States, by ${measures[measure]}`}
                bars={ranked.map((row) => ({ name: text(row.state), value: Number(row[measure]) }))}
                onBar={choose}
              />
            </div>
          );
        }}
      </ChartCard>
    </>
  );
}

function Companies() {
  const { query } = here.value;
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
      <ChartCard title={`${title}: complaints by month`} name="complaints-by-month" asked={useChart("monthly", only)}>
        {(rows) => <Monthly rows={rows} />}
      </ChartCard>
      <ChartCard title={`${title}: products`} name="products" asked={useChart("products", only)}>
        {(rows) => <BarChart title="Products" bars={bars(rows, "product")} />}
      </ChartCard>
      <ChartCard title={`${title}: issues`} name="issues" asked={useChart("issues", only)}>
        {(rows) => <BarChart title="Issues" bars={bars(rows, "issue")} />}
      </ChartCard>
      <ChartCard title={`${title}: how it answered`} name="responses" asked={useChart("responses", only)}>
        {(rows) => <BarChart title="How it answered" bars={bars(rows, "response")} />}
      </ChartCard>
      <ChartCard title={`${title}: how late complaints appear`} name="lag" asked={useChart("lag", only)}>
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

const start = "select company, count(*) as complaints\nfrom fct_complaints\ngroup by 1\norder by 2 desc\nlimit 20";

function Sql() {
  const [sql, setSql] = useState(here.value.query.get("sql") ?? start);
  const [table, setTable] = useState<Table | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setQuery({ sql }, true);
    const answer = await act(() => post<Table>("/sql", { sql }), "Done.");
    setBusy(false);
    if (answer !== null) setTable(answer);
  };
  return (
    <>
      <p class="dim">
        One SELECT on the published tables, at most 20 seconds and 1,000 rows shown. Ctrl-Enter runs it.
      </p>
      <label class="hidden" for="sql">
        SQL
      </label>
      <textarea
        id="sql"
        data-search
        rows={8}
        spellcheck={false}
        value={sql}
        onInput={(event) => setSql(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
        }}
      />
      <p>
        <button type="button" class="main" onClick={run} disabled={isBusy}>
          {isBusy ? "Running" : "Run"}
        </button>
      </p>
      {table !== null && <TableView table={table} />}
    </>
  );
}
