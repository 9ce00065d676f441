import { checkWritable } from "../../app/home/record.ts";
import { withRuns } from "../../app/home/runs.ts";
import { namedSchedule, outcomeOf } from "../../app/schedules.ts";
import { findHome } from "../../config/home.ts";
import type { History } from "../../history/history.ts";
import { cronTimes, formatInZone, nextTimes } from "../../schedule/cron.ts";
import type { Schedule } from "../../schedule/due.ts";
import { ScheduleStore, type Slot } from "../../schedule/store.ts";
import { withHomeOptions } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { parseCount } from "../runs/find.ts";
import { colored } from "../runs/list.ts";
import { styleFor } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";

/** `pipeline schedule ls`. */
export async function scheduleList(options: GlobalOptions): Promise<number> {
  return withSchedules(options, async (store, home) => {
    const rowsOf = (history: History | null) =>
      Promise.all(
        (store?.list() ?? []).map(async (schedule) => {
          const [last] = store?.slotsOf(schedule.name, 1) ?? [];
          const outcome = last === undefined ? null : await outcomeOf(last, history);
          return { schedule, last: last ?? null, outcome };
        }),
      );
    const rows = (await withRuns(home, rowsOf)) ?? (await rowsOf(null));
    if (options.json) process.stdout.write(`${JSON.stringify(rows.map(publicSchedule))}\n`);
    else if (rows.length === 0) process.stdout.write(withHomeOptions(`${nothing}\n`));
    else {
      const style = styleFor(process.stdout, options, process.env);
      const titles = ["name", "cron", "zone", "next", "last", "outcome"];
      process.stdout.write(
        table(
          titles.map((title) =>
            title === "outcome" ? { title, style: (padded, cell) => colored(cell, padded, style) } : { title },
          ),
          rows.map(({ schedule, last, outcome }) => [
            ...[schedule.name, schedule.cron, schedule.timezone, nextText(schedule)],
            ...[last === null ? "" : formatInZone(last.dueAt, schedule.timezone), outcome ?? ""],
          ]),
        ),
      );
    }
    return 0;
  });
}

const nothing = 'There are no schedules yet. Add one with: pipeline schedule add nightly --cron "0 2 * * *"';

function nextText({ paused, nextDueAt, timezone }: Schedule): string {
  if (paused) return "paused";
  return nextDueAt === null ? "never again" : formatInZone(nextDueAt, timezone);
}

function publicSchedule({
  schedule: { createdAt, nextDueAt, ...schedule },
  last,
  outcome,
}: {
  schedule: Schedule;
  last: Slot | null;
  outcome: string | null;
}): object {
  return {
    ...schedule,
    createdAt: iso(createdAt),
    nextDueAt: schedule.paused ? null : iso(nextDueAt),
    last: last === null ? null : { dueAt: iso(last.dueAt), runId: last.runId, exitCode: last.exitCode, outcome },
  };
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export type NextOptions = GlobalOptions & { count: string };

/** `pipeline schedule next`. */
export async function scheduleNext(name: string | undefined, options: NextOptions): Promise<number> {
  const count = parseCount("--count", options.count, 1000);
  return withSchedules(options, (store) => {
    const all = store?.list() ?? [];
    const some = name === undefined ? all : [namedSchedule(all, name)];
    const rows = some.map((schedule) => {
      const times = cronTimes(schedule.cron, schedule.timezone);
      return { ...schedule, times: schedule.paused ? [] : nextTimes(times, Date.now(), count) };
    });
    if (options.json) {
      const document = rows.map((row) => ({
        name: row.name,
        timezone: row.timezone,
        paused: row.paused,
        next: row.times.map(iso),
      }));
      process.stdout.write(`${JSON.stringify(document)}\n`);
      return 0;
    }
    if (rows.length === 0) process.stdout.write(withHomeOptions(`${nothing}\n`));
    for (const row of rows) {
      process.stdout.write(`${row.name} (${row.cron}, ${row.timezone})${row.paused ? ": paused" : ""}\n`);
      for (const at of row.times) process.stdout.write(`  ${formatInZone(at, row.timezone)}\n`);
    }
    return 0;
  });
}

/** `pipeline schedule rm`, `pause` and `resume`. */
export async function scheduleChange(
  change: "rm" | "pause" | "resume",
  name: string,
  options: GlobalOptions,
): Promise<number> {
  return withSchedules(options, (store, home) => {
    const schedule = namedSchedule(store?.list() ?? [], name);
    checkWritable(home);
    if (change === "rm") store?.remove(name);
    else if (change === "pause") store?.pause(name);
    else store?.resume(name, Date.now());
    const after = store?.list().find((found) => found.name === name);
    if (options.json) process.stdout.write(`${JSON.stringify({ name, changed: change })}\n`);
    else if (!options.quiet) {
      const next = after?.nextDueAt;
      const said = {
        rm: "Taken out",
        pause: withHomeOptions(`Paused; go on with: pipeline schedule resume ${name}`),
        resume: `Resumed${next == null ? "" : `; next: ${formatInZone(next, schedule.timezone)}`}`,
      }[change];
      process.stdout.write(`${name}: ${said}\n`);
    }
    return 0;
  });
}

async function withSchedules<T>(
  options: GlobalOptions,
  use: (store: ScheduleStore | null, home: string) => T | Promise<T>,
): Promise<T> {
  const home = await findHome(options, options.config);
  const store = ScheduleStore.openExisting(ScheduleStore.fileOf(home));
  try {
    return await use(store, home);
  } finally {
    store?.close();
  }
}
