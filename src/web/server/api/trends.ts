import type { Trends } from "../../contract.ts";
import type { ServerBackend } from "../home.ts";

/** Points that a chart shows: of more runs, each day's are gathered. */
const mostPoints = 400;

type Point = Trends["runs"][number];

/** How runs went over time: a point each, or one for a day where there are many. */
export async function trends(home: ServerBackend, since: number): Promise<Trends> {
  const history = await home.history.get();
  const runs = ((await history?.ended(since)) ?? []).toReversed();
  const groups = new Map<string, typeof runs>();
  for (const run of runs) {
    const iso = new Date(run.startedAt).toISOString();
    const key = runs.length > mostPoints ? iso.slice(0, 10) : iso;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const points = [...groups].map(([at, some]): Point => {
    const times = some
      .map(({ startedAt, endedAt }) => Math.max((endedAt ?? startedAt) - startedAt, 0))
      .sort((a, b) => a - b);
    const sum = (of: "rows" | "changed") => some.reduce((total, run) => total + (run[of] ?? 0), 0);
    return {
      ...{ at, runs: some.length, failed: some.filter(({ state }) => state !== "Completed").length },
      ...{ p50Ms: times[Math.floor((times.length - 1) / 2)] ?? 0, maxMs: times.at(-1) ?? 0 },
      ...{ rows: sum("rows"), changed: sum("changed") },
    };
  });
  return { runs: points, tasks: (await history?.taskTimes(since)) ?? [] };
}
