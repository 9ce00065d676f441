import { dirname } from "node:path";
import { checkWritable } from "../../app/home/record.ts";
import { formatCount, formatDuration, plural } from "../../pipeline/report/format.ts";
import { dayOf } from "../../pipeline/window/days.ts";
import { dayMs } from "../../pipeline/window/units.ts";
import type { State } from "../../run/states.ts";
import type { GlobalOptions } from "../options.ts";
import { table } from "../terminal/table.ts";
import { parseCount, parseSince, withHistory } from "./find.ts";

export type StatsOptions = GlobalOptions & { since: string };

type Ended = {
  state: State;
  startedAt: number;
  endedAt: number | null;
  rows: number | null;
  changed: number | null;
  requests: number | null;
};

/** `pipeline runs stats`: how the runs went, over all and by day. */
export async function runsStats(options: StatsOptions): Promise<number> {
  const since = parseSince(options.since, Date.now());
  return withHistory(options, async (history) => {
    const runs = await history.ended(since);
    const days = new Map<string, Ended[]>();
    for (const run of runs) {
      const day = dayOf(run.startedAt);
      days.set(day, [...(days.get(day) ?? []), run]);
    }
    const all = summary(runs);
    const trend = [...days].map(([day, some]) => ({ day, ...summary(some) }));
    if (options.json)
      process.stdout.write(`${JSON.stringify({ since: new Date(since).toISOString(), ...all, days: trend })}\n`);
    else if (runs.length === 0) process.stdout.write("No run ended in that time.\n");
    else {
      process.stdout.write(
        `${plural(all.runs, "run")}, ${all.successRate}% completed; half of them within ${formatDuration(all.p50Ms)}, 95% within ${formatDuration(all.p95Ms)}; ` +
          `${plural(all.rows, "row")} compared, ${formatCount(all.changed)} changed, ${plural(all.requests, "request")}.\n\n`,
      );
      const columns = ["day", "runs", "completed", "p50", "p95", "rows", "changed", "requests"];
      process.stdout.write(
        table(
          columns.map((title, i) => (i === 0 ? { title } : { title, align: "right" as const })),
          trend.map((d) => [
            ...[d.day, formatCount(d.runs), `${d.successRate}%`, formatDuration(d.p50Ms), formatDuration(d.p95Ms)],
            ...[formatCount(d.rows), formatCount(d.changed), formatCount(d.requests)],
          ]),
        ),
      );
    }
    return 0;
  });
}

function summary(runs: readonly Ended[]) {
  const times = runs
    .map(({ startedAt, endedAt }) => Math.max((endedAt ?? startedAt) - startedAt, 0))
    .sort((a, b) => a - b);
  const rank = (share: number) => times[Math.max(Math.ceil(share * times.length) - 1, 0)] ?? 0;
  const sum = (of: "rows" | "changed" | "requests") => runs.reduce((total, run) => total + (run[of] ?? 0), 0);
  const completed = runs.filter(({ state }) => state === "Completed").length;
  return {
    runs: runs.length,
    completed,
    successRate: runs.length === 0 ? 0 : Math.round((1000 * completed) / runs.length) / 10,
    p50Ms: rank(0.5),
    p95Ms: rank(0.95),
    rows: sum("rows"),
    changed: sum("changed"),
    requests: sum("requests"),
  };
}

export type PruneOptions = GlobalOptions & { days: string; keep: string };

/** `pipeline runs prune`: removes what is old, or beyond the newest so many. */
export async function runsPrune(options: PruneOptions): Promise<number> {
  const days = parseCount("--days", options.days, 36_500);
  const keep = parseCount("--keep", options.keep, 10_000_000);
  return withHistory(options, async (history) => {
    checkWritable(dirname(history.place));
    const removed = await history.prune({ before: Date.now() - days * dayMs, keep });
    if (options.json) process.stdout.write(`${JSON.stringify({ removed })}\n`);
    else if (!options.quiet) process.stdout.write(`${plural(removed, "run")} removed.\n`);
    return 0;
  });
}
