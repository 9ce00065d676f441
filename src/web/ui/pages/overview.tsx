import { useEffect } from "preact/hooks";
import { namesText } from "../../../pipeline/names/every.ts";
import { daysBetween } from "../../../pipeline/window/days.ts";
import type { Overview as Data, Table } from "../../contract.ts";
import { act, post, useQuery } from "../api.ts";
import { relative, short, time } from "../format.ts";
import { rowsOf } from "../parts/chart-card.tsx";
import { favicon, State } from "../parts/icon.tsx";
import { CommandLine, Empty, QueryView } from "../parts/shown.tsx";
import { RunStrip } from "../parts/strip.tsx";
import { navigate } from "../router.ts";
import { zone } from "../settings.ts";

/** Is my data all right, what happened, what is next, what needs me? */
export function Overview() {
  const result = useQuery<Data>("/overview", true);
  useEffect(() => {
    const state = result.data?.last?.state ?? "";
    document.title = `${result.data?.last ? `${state}: ` : ""}pipeline`;
    if (state !== "") favicon(state);
  }, [result.data]);
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <QueryView result={result}>{(data) => <Page data={data} />}</QueryView>
    </>
  );
}

/** What the published snapshot has of each name: rows, and those of each of the last 60 days. */
function usePublished(): Map<string, { rows: number; daily: number[] }> {
  const { data } = useQuery<Table>("/charts/recent", true);
  return new Map(
    (data === null ? [] : rowsOf(data)).map(({ company, complaints, daily }) => [
      String(company),
      { rows: Number(complaints), daily: (daily ?? []) as number[] },
    ]),
  );
}

function Page({ data }: { data: Data }) {
  const published = usePublished();
  const { completeThrough, last, next, attention, companies, runs, configured, home } = data;
  const start = async () => {
    const started = await act(() => post<{ runId: string }>("/runs"), "The run has started.");
    if (started !== null) navigate(`/runs/${started.runId}`);
  };
  if (last === null) {
    return (
      <Empty
        what={`Nothing was run yet in ${home}. A first run reads ${configured.join(", ")}.`}
        command="pipeline run"
      />
    );
  }
  const isOver = last.endedAt !== null;
  return (
    <>
      <section class="answers" aria-label="This morning">
        <div>
          <h2>Data</h2>
          <p class="big">
            {completeThrough === null
              ? "Not every day was read yet"
              : `Every day through ${day(completeThrough)} was read`}
          </p>
          <p class="dim">every company, compared with the source's own count</p>
        </div>
        <div>
          <h2>Last run</h2>
          <p class="big">
            <State state={last.state} />
          </p>
          <p>
            <a href={`/runs/${last.id}`}>{last.words.replace(`${last.state} `, "")}</a>
            <span class="dim" title={last.startedAt}>
              {" "}
              · {relative(last.startedAt)}
            </span>
          </p>
        </div>
        <div>
          <h2>Next run</h2>
          {next === null ? (
            <p class="big">Not scheduled here</p>
          ) : (
            <p class="big" title={next.at}>
              {relative(next.at)}
            </p>
          )}
          <p class="dim">
            {next === null ? (
              <CommandLine text="pipeline schedule crontab --install" />
            ) : (
              `${next.name}, ${time(next.at, false)} ${zone.value}`
            )}
          </p>
          <button type="button" class="main" onClick={start} disabled={!isOver}>
            {isOver ? "Run now" : "A run is under way"}
          </button>
        </div>
      </section>
      <section aria-labelledby="attention">
        <h2 id="attention">What needs you</h2>
        {attention.length === 0 ? (
          <p class="good">Nothing needs you.</p>
        ) : (
          <ul class="attention">
            {attention.map(({ level, what, next: what2do, runId }) => (
              <li key={what} class={level}>
                <p>
                  <strong>{level === "failure" ? "Failure: " : "Warning: "}</strong>
                  {what}
                </p>
                <p>
                  {/^pipeline [a-z -]+[\w]*$/.test(what2do) ? <CommandLine text={what2do} /> : what2do}
                  {runId !== null && <a href={`/runs/${runId}`}>Look at the run</a>}
                </p>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="recent">
        <h2 id="recent">Recent runs</h2>
        <RunStrip runs={runs} />
      </section>
      <section aria-labelledby="companies">
        <h2 id="companies">Companies</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>company</th>
                <th>read through</th>
                <th class="number">rows</th>
                <th>last 60 days</th>
                <th class="number">compared</th>
                <th class="number">new</th>
                <th class="number">changed</th>
                <th class="number">withdrawn</th>
                <th>names at the source</th>
              </tr>
            </thead>
            <tbody>
              {companies.map((company) => (
                <tr key={company.company}>
                  <td>
                    <a href={`/data/companies?company=${encodeURIComponent(JSON.stringify(company.names))}`}>
                      {company.company}
                    </a>
                  </td>
                  <td>
                    <Fresh day={company.loadedThrough} newest={completeThrough} />
                  </td>
                  <Published names={company.names} published={published} />
                  {[company.expected, company.inserted, company.updated, company.deleted].map((number, i) => (
                    <td key={i} class="number" title={number.toLocaleString("en-US")}>
                      {short(number)}
                    </td>
                  ))}
                  <td class="dim">{namesText(company.names, "; ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

/** Two cells: rows, and a line of days; of several names the sum, and the line of the largest. */
function Published({ names, published }: { names: string[]; published: ReturnType<typeof usePublished> }) {
  const found = names.flatMap((name) => published.get(name) ?? []).sort((a, b) => b.rows - a.rows);
  const rows = found.reduce((sum, one) => sum + one.rows, 0);
  const daily = found[0]?.daily ?? [];
  const most = Math.max(...daily, 1);
  const path = daily.map(
    (n, i) =>
      `${i === 0 ? "M" : "L"}${((i / Math.max(daily.length - 1, 1)) * 96).toFixed(1)} ${(19 - (n / most) * 18).toFixed(1)}`,
  );
  return (
    <>
      <td class="number" title={rows.toLocaleString("en-US")}>
        {found.length === 0 ? "" : short(rows)}
      </td>
      <td>
        {daily.length > 1 && (
          <svg
            viewBox="0 0 96 20"
            width="96"
            height="20"
            class="spark"
            role="img"
            aria-label={`${daily.at(-1)} on the newest day, ${most} at most`}
          >
            <path d={path.join("")} class="line" />
          </svg>
        )}
      </td>
    </>
  );
}

/** A day, and a bar that is full where it is as new as the newest. */
function Fresh({ day: through, newest }: { day: string | null; newest: string | null }) {
  if (through === null) return <span class="dim">never</span>;
  const behind = newest === null ? 0 : Math.max(daysBetween(through, newest), 0);
  return (
    <span class="fresh">
      {day(through)} <meter min={0} max={30} value={Math.max(30 - behind, 0)} aria-label={`${behind} days behind`} />
    </span>
  );
}

function day(iso: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).format(
    new Date(iso),
  );
}
