import { millisecondsInDay, millisecondsInHour } from "date-fns/constants";
import { useEffect, useState } from "preact/hooks";
import { formatDuration } from "../../../pipeline/report/format.ts";
import type { RunRow } from "../../contract.ts";
import { ask, useQuery } from "../api.ts";
import { relative, short, time } from "../format.ts";
import { State } from "../parts/icon.tsx";
import { Empty, QueryView } from "../parts/shown.tsx";
import { route, setQuery } from "../router.ts";

const pageSize = 50;
const states = ["Running", "Completed", "Failed", "Crashed", "TimedOut", "Cancelled"];
const triggers = ["cli", "schedule", "web", "retry"];
const times: [text: string, days: number | null][] = [
  ["any time", null],
  ["24 hours", 1],
  ["7 days", 7],
  ["30 days", 30],
];

/** Every run, newest first, live. */
export function Runs() {
  const { query } = route.value;
  const days = query.get("days");
  const filter = new URLSearchParams({ limit: String(pageSize) });
  for (const name of ["state", "trigger", "name"]) if (query.get(name)) filter.set(name, query.get(name)!);
  // To the hour, so that the same filter is the same question.
  if (days !== null)
    filter.set(
      "since",
      new Date(
        Math.floor(Date.now() / millisecondsInHour) * millisecondsInHour - Number(days) * millisecondsInDay,
      ).toISOString(),
    );
  const result = useQuery<RunRow[]>(`/runs?${filter}`, true);
  useEffect(() => {
    document.title = "Runs: pipeline";
  }, []);
  return (
    <>
      <h1>Runs</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Pick label="State" name="state" values={states} />
        <Pick label="Started by" name="trigger" values={triggers} />
        <label>
          Since{" "}
          <select value={days ?? ""} onChange={(event) => setQuery({ days: event.currentTarget.value })}>
            {times.map(([text, value]) => (
              <option key={text} value={value ?? ""}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Name or id{" "}
          <input
            type="search"
            data-search
            value={query.get("name") ?? ""}
            onInput={(event) => setQuery({ name: event.currentTarget.value }, true)}
          />
        </label>
      </form>
      <QueryView result={result}>
        {(runs) =>
          runs.length === 0 ? (
            query.size === 0 ? (
              <Empty what="Nothing was run yet." command="pipeline run" />
            ) : (
              <p class="empty">No run matches.</p>
            )
          ) : (
            <List key={String(filter)} first={runs} filter={filter} />
          )
        }
      </QueryView>
    </>
  );
}

function Pick({ label, name, values }: { label: string; name: string; values: readonly string[] }) {
  return (
    <label>
      {label}{" "}
      <select
        value={route.value.query.get(name) ?? ""}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      >
        <option value="">any</option>
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
}

/** The first page is live; older runs are fetched below the last row. */
function List({ first, filter }: { first: RunRow[]; filter: URLSearchParams }) {
  const [older, setOlder] = useState<RunRow[]>([]);
  const known = new Set(first.map(({ id }) => id));
  const runs = [...first, ...older.filter(({ id }) => !known.has(id))];
  const [isMore, setMore] = useState(first.length === pageSize);
  const more = async () => {
    const page = await ask<RunRow[]>(`/runs?${filter}&before=${runs.at(-1)!.id}`);
    setOlder([...older, ...page]);
    setMore(page.length === pageSize);
  };
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>run</th>
              <th>state</th>
              <th>started</th>
              <th class="number">time</th>
              <th class="number">rows</th>
              <th class="number">changed</th>
              <th>by</th>
              <th>error</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.id}>
                <td>
                  <a href={`/runs/${run.id}`} data-row>
                    {run.name}
                  </a>{" "}
                  <code class="dim">{run.id.slice(0, 8)}</code>
                </td>
                <td>
                  <State state={run.state} />
                </td>
                <td title={run.startedAt}>
                  {time(run.startedAt)} <span class="dim">{relative(run.startedAt)}</span>
                </td>
                <td class="number">
                  {formatDuration(
                    Math.max(
                      (run.endedAt === null ? Date.now() : Date.parse(run.endedAt)) - Date.parse(run.startedAt),
                      0,
                    ),
                  )}
                </td>
                <td class="number">{run.rows === null ? "" : short(run.rows)}</td>
                <td class="number">{run.changed === null ? "" : short(run.changed)}</td>
                <td>{run.trigger}</td>
                <td>{run.errorCode ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {isMore && (
        <button type="button" onClick={more}>
          Older runs
        </button>
      )}
    </>
  );
}
