import { useEffect, useState } from "preact/hooks";
import type { Schedule } from "../../contract.ts";
import { act, ask, post, useQuery } from "../api.ts";
import { relative } from "../format.ts";
import { CommandLine, ConfirmButton, QueryView } from "../parts/shown.tsx";
import { zone } from "../settings.ts";

/** When runs start, and what became of the last times. */
export function Schedules() {
  const result = useQuery<Schedule[]>("/schedules", true);
  useEffect(() => {
    document.title = "Schedules: pipeline";
  }, []);
  return (
    <>
      <h1>Schedules</h1>
      <QueryView result={result}>
        {(schedules) => (
          <>
            {schedules.length === 0 && (
              <div class="empty">
                <p>There are no schedules yet. Add one below, or let cron start the runs:</p>
                <CommandLine text="pipeline schedule crontab --install" />
              </div>
            )}
            {schedules.map((schedule) => (
              <One key={schedule.name} schedule={schedule} />
            ))}
          </>
        )}
      </QueryView>
      <Add />
    </>
  );
}

function One({ schedule }: { schedule: Schedule }) {
  const { name, cron, timezone, paused, next, past, runOptions, overlap, catchUp } = schedule;
  const path = `/schedules/${encodeURIComponent(name)}`;
  return (
    <section class="card" aria-labelledby={`schedule-${name}`}>
      <div class="title">
        <h2 id={`schedule-${name}`}>{name}</h2>
        <code>{cron}</code>
        <span class="dim">
          {timezone}, overlap {overlap}, catch up {catchUp}
          {runOptions.length > 0 && `, ${runOptions.join(" ")}`}
        </span>
        <span class="buttons">
          <button
            type="button"
            onClick={() => act(() => post(`${path}/${paused ? "resume" : "pause"}`), paused ? "Resumed." : "Paused.")}
          >
            {paused ? "Resume" : "Pause"}
          </button>
          <ConfirmButton
            label="Remove"
            sure={`Remove ${name}? Its runs stay.`}
            onSure={() => act(() => ask(path, { method: "DELETE" }), "Removed.")}
          />
        </span>
      </div>
      <div class="pair">
        <div>
          <h3>Next</h3>
          {paused ? (
            <p>Paused: nothing is started.</p>
          ) : (
            <ol>
              {next.map((at) => (
                <li key={at} title={at}>
                  {inZone(at, zone.value)}{" "}
                  <span class="dim">
                    {relative(at)}
                    {timezone !== zone.value && `, ${inZone(at, timezone)}`}
                  </span>
                </li>
              ))}
            </ol>
          )}
        </div>
        <div>
          <h3>Past</h3>
          {past.length === 0 ? (
            <p class="dim">It was not due yet.</p>
          ) : (
            <ol>
              {past.slice(0, 8).map(({ dueAt, outcome, runId }) => (
                <li key={dueAt}>
                  {inZone(dueAt, zone.value)} {runId === null ? outcome : <a href={`/runs/${runId}`}>{outcome}</a>}
                </li>
              ))}
            </ol>
          )}
        </div>
      </div>
    </section>
  );
}

/** A time with its offset, as the clock of a zone shows it. */
function inZone(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    ...{
      timeZone,
      hourCycle: "h23",
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
    },
    timeZoneName: "shortOffset",
  }).format(new Date(iso));
}

function Add() {
  const [name, setName] = useState("");
  const [cron, setCron] = useState("0 2 * * *");
  const [timezone, setTimezone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const add = async (event: Event) => {
    event.preventDefault();
    if ((await act(() => post("/schedules", { name, cron, timezone }), `Added ${name}.`)) !== null) setName("");
  };
  return (
    <form class="filters card" onSubmit={add} aria-label="Add a schedule">
      <label>
        Name{" "}
        <input required pattern="[\w-]{1,64}" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label>
        Cron <input required value={cron} onInput={(event) => setCron(event.currentTarget.value)} />
      </label>
      <label>
        Time zone <input required value={timezone} onInput={(event) => setTimezone(event.currentTarget.value)} />
      </label>
      <button type="submit" class="main">
        Add
      </button>
    </form>
  );
}
