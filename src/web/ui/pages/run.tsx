import { useEffect } from "preact/hooks";
import { namesText } from "../../../pipeline/names/every.ts";
import { formatBytes, formatDuration } from "../../../pipeline/report/format.ts";
import type { RunDetail } from "../../contract.ts";
import { act, post, useQuery } from "../api.ts";
import { relative, short, time } from "../format.ts";
import { LineChart } from "../parts/charts.tsx";
import { DbtNodes } from "../parts/dbt-nodes.tsx";
import { favicon, State } from "../parts/icon.tsx";
import { Log } from "../parts/log.tsx";
import { Requests } from "../parts/requests.tsx";
import { ConfirmButton, QueryView } from "../parts/shown.tsx";
import { TaskGraph } from "../parts/task-graph.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { navigate, route, setQuery } from "../router.ts";

const tabs = ["log", "tasks", "graph", "dbt", "requests", "parameters", "resources"] as const;

/** A run, from its title to its last line; one that failed opens on its error. */
export function Run({ id }: { id: string }) {
  const result = useQuery<RunDetail>(`/runs/${encodeURIComponent(id)}`, true);
  useEffect(() => {
    if (result.data === null) return;
    document.title = `${result.data.state}: ${result.data.name}`;
    favicon(result.data.state);
  }, [result.data]);
  // A run that was started a moment ago is not in the history yet.
  useEffect(() => {
    if (result.error === null) return;
    const timer = setTimeout(result.again, 1000);
    return () => clearTimeout(timer);
  }, [result]);
  return <QueryView result={result}>{(run) => <Page run={run} />}</QueryView>;
}

function Page({ run }: { run: RunDetail }) {
  const isOver = run.endedAt !== null;
  const took = (isOver ? Date.parse(run.endedAt!) : Date.now()) - Date.parse(run.startedAt);
  const tab = route.value.query.get("tab") ?? "log";
  const cancel = () => act(() => post(`/runs/${run.id}/cancel`), "The run was asked to stop.");
  const retry = async () => {
    const started = await act(() => post<{ runId: string }>(`/runs/${run.id}/retry`), "The run has started.");
    if (started !== null) navigate(`/runs/${started.runId}`);
  };
  return (
    <>
      <div class="title">
        <h1>
          {run.name} <code class="dim">{run.id.slice(0, 8)}</code>
        </h1>
        <State state={run.state} />
        {run.unheardSince !== null && <span>not heard from since {time(run.unheardSince)}</span>}
        <span class="dim" title={run.startedAt}>
          {time(run.startedAt)} ({relative(run.startedAt)}), {formatDuration(Math.max(took, 0))}, by {run.trigger},
          process {run.lease.pid}
        </span>
        <span class="buttons">
          {!isOver && run.state !== "Cancelling" && (
            <ConfirmButton
              label="Cancel"
              sure="Stop this run? What it has not committed is rolled back."
              onSure={cancel}
            />
          )}
          {run.doneBy !== null && (
            <span>
              Retried by <a href={`/runs/${run.doneBy.id}`}>{run.doneBy.name}</a>; nothing is left.
            </span>
          )}
          {isOver && run.state !== "Completed" && run.doneBy === null && (
            <button type="button" class="main" onClick={retry}>
              Retry what is left
            </button>
          )}
        </span>
      </div>
      <Failure run={run} />
      <Warnings run={run} />
      <Windows run={run} />
      <section aria-labelledby="tasks">
        <h2 id="tasks">Timeline</h2>
        <Timeline run={run} onTask={openTask} />
      </section>
      <div class="tabs" role="tablist" aria-label="Details">
        {tabs.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={tab === name}
            aria-controls="panel"
            onClick={() => setQuery({ tab: name === "log" ? null : name })}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
        {tab === "log" && <Log run={run} />}
        {tab === "tasks" && <Tasks run={run} />}
        {tab === "graph" && <TaskGraph run={run} onTask={openTask} />}
        {tab === "dbt" && <DbtNodes nodes={run.nodes} />}
        {tab === "requests" && <Requests run={run} />}
        {tab === "parameters" && (
          <pre class="code" tabIndex={0}>
            {JSON.stringify(run.settings, null, 2)}
          </pre>
        )}
        {tab === "resources" && <Resources run={run} />}
      </div>
    </>
  );
}

const openTask = (task: string) => setQuery({ tab: null, task, level: "debug" });

function Failure({ run }: { run: RunDetail }) {
  const error =
    run.state === "Crashed"
      ? {
          code: "crashed",
          message: `The process of this run (${run.lease.pid} on ${run.lease.host}) is gone without an end: it was killed, or the machine was.`,
          data: "What it had not committed was rolled back; companies that were already loaded stay loaded.",
          next:
            run.doneBy === null
              ? "Retry what is left, or run again."
              : `Nothing: ${run.doneBy.name} has done the rest.`,
        }
      : run.report?.error;
  if (error == null) return null;
  return (
    <section class="error" aria-label="Error">
      <h2>
        {error.code}: {error.message}
      </h2>
      <p>
        <strong>Data:</strong> {error.data}
      </p>
      <p>
        <strong>Next:</strong> {error.next}
      </p>
    </section>
  );
}

/** What somebody should look at though the run completed. */
function Warnings({ run }: { run: RunDetail }) {
  const warnings = run.report?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <ul class="attention" aria-label="Warnings">
      {warnings.map(({ code, message }) => (
        <li key={message} title={code}>
          {message}.
        </li>
      ))}
    </ul>
  );
}

function Windows({ run }: { run: RunDetail }) {
  const companies = run.report?.companies ?? [];
  if (companies.length === 0) return null;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>company</th>
            <th>window</th>
            <th>why</th>
            <th>state</th>
            {["expected", "new", "changed", "withdrawn", "unchanged", "rejected"].map((title) => (
              <th key={title} class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {companies.map((company) => (
            <tr key={company.company}>
              <td title={namesText(company.names, "; ")}>{company.company}</td>
              <td>
                {company.window.from} to {company.window.to}
              </td>
              <td class="dim">{company.window.why}</td>
              <td>
                <State state={company.state} />
              </td>
              {(["expected", "inserted", "updated", "deleted", "unchanged", "rejected"] as const).map((of) => (
                <td key={of} class="number" title={String(company[of])}>
                  {short(company[of])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tasks({ run }: { run: RunDetail }) {
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>task</th>
              <th>state</th>
              {["attempts", "time", "rows", "read", "requests", "throttled", "waited", "CPU", "memory"].map((title) => (
                <th key={title} class="number">
                  {title}
                </th>
              ))}
              <th>why</th>
            </tr>
          </thead>
          <tbody>
            {run.tasks.map((task) => (
              <tr key={task.name}>
                <td>{task.name}</td>
                <td>
                  <State state={task.state} />
                </td>
                <td class="number">{task.attempts}</td>
                <td class="number">
                  {task.startedAt === null ? "" : formatDuration((task.endedAt ?? Date.now()) - task.startedAt)}
                </td>
                <td class="number">{task.rows === 0 ? "" : short(task.rows)}</td>
                <td class="number">{task.bytes === 0 ? "" : formatBytes(task.bytes)}</td>
                <td class="number">{task.requests === 0 ? "" : task.requests}</td>
                <td class="number">{task.throttled === 0 ? "" : task.throttled}</td>
                <td class="number">{task.waitedMs === 0 ? "" : formatDuration(task.waitedMs)}</td>
                <td class="number">{task.cpuMs === null ? "" : formatDuration(task.cpuMs)}</td>
                <td class="number">{task.peakRss === null ? "" : formatBytes(task.peakRss)}</td>
                <td>{task.error?.code ?? task.reason ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {run.notices.map(({ kind, channel, state, error }) => (
        <p key={`${kind} ${channel}`}>
          {channel}: told of {kind}: {state} {error ?? ""}
        </p>
      ))}
    </>
  );
}

function Resources({ run: { samples, startedAt } }: { run: RunDetail }) {
  if (samples.length < 2)
    return <p class="empty">The run was over before there was anything to draw: a sample is taken every second.</p>;
  const start = Date.parse(startedAt);
  const x = samples.map(({ at }) => `${((at - start) / 1000).toFixed(0)} s`);
  const cpu = samples.map(({ cpuMs, at }, i) => {
    const before = samples[i - 1];
    return before === undefined || at === before.at ? 0 : (100 * (cpuMs - before.cpuMs)) / (at - before.at);
  });
  return (
    <div class="pair">
      <LineChart
        title="Memory, MB"
        labels={x}
        series={[{ name: "memory", values: samples.map(({ rss }) => rss / 1e6) }]}
      />
      <LineChart title="CPU, percent of one core" labels={x} series={[{ name: "CPU", values: cpu }]} />
    </div>
  );
}
