import { short } from "../format.ts";
import { ChartCard, type Row } from "../parts/chart-card.tsx";
import { BarChart } from "../parts/charts.tsx";
import { Filters, text, useChart } from "../parts/data-filters.tsx";
import { UsMap } from "../parts/map.tsx";
import { route, setQuery } from "../router.ts";

const measures = { per_100k: "per 100,000 people", complaints: "complaints", pct_timely: "percent in time" } as const;
type Measure = keyof typeof measures;

/** The states on a map, and ranked beside it. */
export function Geography() {
  const measure = (route.value.query.get("by") ?? "per_100k") as Measure;
  const selected = route.value.query.get("state");
  const result = useChart("states", { state: null });
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
      <ChartCard title="Complaints by state" name="states" result={result}>
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
