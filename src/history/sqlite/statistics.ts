import type { DatabaseSync } from "node:sqlite";
import type { EndedRow, Landing, TaskTime } from "../rows.ts";

/** Where the runs of a time begin is found by the index on times; a clock may have been set back since. */
export const startedSince =
  "no >= (select no from runs where started_at >= ? order by started_at, no limit 1) and started_at >= ?";

/** Ended runs since a time, newest first. */
export function endedRuns(database: DatabaseSync, since: number): EndedRow[] {
  return database
    .prepare(
      `select state, started_at as startedAt, ended_at as endedAt, rows, changed, requests from runs
       where ${startedSince} and ended_at is not null order by no desc`,
    )
    .all(since, since) as EndedRow[];
}

/** The times of each task of completed runs since a time; of loads, over all scopes. */
export function taskTimesSince(database: DatabaseSync, since: number): TaskTime[] {
  const rows = database
    .prepare(
      `select coalesce(step, substr(tasks.name, 1, instr(tasks.name || '[', '[') - 1)) as task,
         tasks.ended_at - tasks.started_at as ms, peak_rss as rss
       from tasks where tasks.state = 'Completed' and run_no in
         (select no from runs where ${startedSince} and state = 'Completed' order by no desc limit 200)`,
    )
    .all(since, since) as { task: string; ms: number; rss: number | null }[];
  return [...Map.groupBy(rows, ({ task }) => task)].map(([task, some]) => {
    const times = some.map(({ ms }) => ms).sort((a, b) => a - b);
    const rss = some.flatMap((row) => (row.rss === null ? [] : [row.rss]));
    const p50Ms = times[Math.floor((times.length - 1) / 2)] ?? 0;
    return { task, runs: some.length, p50Ms, maxRss: rss.length === 0 ? null : Math.max(...rss) };
  });
}

/** How long the newest answers took that runs of a source landed. */
export function newestLandings(database: DatabaseSync, source: string): Landing[] {
  return database
    .prepare(
      `select event ->> '$.strategy' as strategy, event ->> '$.rows' as rows, event ->> '$.ms' as ms
       from logs join runs on runs.no = logs.run_no
       where runs.no in (select no from runs where source = ? order by no desc limit 20) and type = 'page.landed' and event ->> '$.ms' > 0
       order by run_no desc, seq desc limit 200`,
    )
    .all(source)
    .map((row) => ({ ...row }) as Landing);
}
