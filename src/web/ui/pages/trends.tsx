import { useEffect } from "preact/hooks";
import { formatBytes, formatDuration } from "../../../pipeline/report/format.ts";
import type { Trends as Data } from "../../contract.ts";
import { useQuery } from "../api.ts";
import { LineChart } from "../parts/charts.tsx";
import { Empty, QueryView } from "../parts/shown.tsx";
import { route, setQuery } from "../router.ts";

/** How runs go over weeks: where tonight lies against its past. */
export function Trends() {
  const days = route.value.query.get("days") ?? "30";
  const result = useQuery<Data>(`/trends?days=${encodeURIComponent(days)}`, true);
  useEffect(() => {
    document.title = "Trends: pipeline";
  }, []);
  return (
    <>
      <h1>Trends</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Over{" "}
          <select value={days} onChange={(event) => setQuery({ days: event.currentTarget.value })}>
            {["7", "30", "90", "365"].map((value) => (
              <option key={value} value={value}>
                {value} days
              </option>
            ))}
          </select>
        </label>
      </form>
      <QueryView result={result}>
        {(data) =>
          data.runs.length === 0 ? (
            <Empty what="No run ended in that time." command="pipeline run" />
          ) : (
            <Page data={data} />
          )
        }
      </QueryView>
    </>
  );
}

function Page({ data: { runs, tasks } }: { data: Data }) {
  const labels = runs.map(({ at }) => at.slice(0, 16).replace("T", " "));
  const all = runs.reduce((sum, point) => sum + point.runs, 0);
  const failed = runs.reduce((sum, point) => sum + point.failed, 0);
  const times = runs.map(({ p50Ms }) => p50Ms).sort((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)] ?? 0;
  const last = runs.at(-1)!.p50Ms;
  const share = Math.round((100 * times.filter((ms) => ms <= last).length) / times.length);
  return (
    <>
      <p class="big">
        {(100 - (100 * failed) / all).toFixed(1)}% of {all.toLocaleString("en-US")} runs completed; half of them within{" "}
        {formatDuration(median)}.
      </p>
      <p class="dim">
        The newest took {formatDuration(last)}: longer than, or as long as, {share}% of them.
      </p>
      <div class="pair">
        <LineChart
          title="Duration, seconds"
          labels={labels}
          series={[
            { name: "median", values: runs.map(({ p50Ms }) => p50Ms / 1000) },
            { name: "longest", values: runs.map(({ maxMs }) => maxMs / 1000), ghost: true },
          ]}
        />
        <LineChart
          title="Changed rows"
          labels={labels}
          series={[{ name: "changed", values: runs.map(({ changed }) => changed) }]}
        />
        <LineChart
          title="Rows compared"
          labels={labels}
          series={[{ name: "rows", values: runs.map(({ rows }) => rows) }]}
        />
        <LineChart
          title="Success, percent"
          labels={labels}
          series={[{ name: "completed", values: runs.map((point) => 100 - (100 * point.failed) / point.runs) }]}
          unit="%"
        />
      </div>
      <h2>By task</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>task</th>
              <th class="number">times</th>
              <th class="number">median time</th>
              <th class="number">most memory</th>
            </tr>
          </thead>
          <tbody>
            {tasks.map(({ task, runs: times2, p50Ms, maxRss }) => (
              <tr key={task}>
                <td>{task}</td>
                <td class="number">{times2}</td>
                <td class="number">{formatDuration(p50Ms)}</td>
                <td class="number">{maxRss === null ? "" : formatBytes(maxRss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
