import { randomUUID } from "node:crypto";
import type { HistoryHandle } from "../../history/history.ts";
import { PipelineError } from "../../run/errors.ts";
import { cronTimes, nextTimes } from "../../schedule/cron.ts";
import type { ScheduleStore } from "../../schedule/store.ts";
import type { Schedule } from "../../web/contract.ts";
import type { ServerBackend } from "../../web/server/home.ts";
import { Queue } from "../../web/server/queue.ts";
import { currentSnapshotName, openPublished } from "../home/published.ts";
import { historyOf, warehouseHolder, withRuns } from "../home/runs.ts";
import { makeSchedule, namedSchedule, outcomeOf, scheduleExists } from "../schedules.ts";
import type { ServeSettings } from "../wiring/serve.ts";
import { type OwnCommand, startRun } from "./scheduled-runs.ts";

const shownTimes = 5;
const shownPast = 30;
/** What a query of a page may take. */
const queryLimits = { timeoutMs: 20_000, memoryMegabytes: 1024 };
/** What a page shows at most; `pipeline sql` and `pipeline export` give it all. */
const most = { maxRows: 1000, maxBytes: 10_000_000 };
/** Queries side by side, and how many may wait. */
const places = { atOnce: 2, waiting: 20 };

/** A home as the pages show it, and what they can do: commands of this program, started as processes of their own. */
export function serverHome(settings: ServeSettings, command: OwnCommand, store: ScheduleStore): ServerBackend {
  const { home, database, version, companies, env } = settings;
  const start = async (words: readonly string[]): Promise<string> => {
    const runId = randomUUID();
    const child = startRun(command([...words, "-q", "--run-id", runId]), home, env);
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    return runId;
  };
  const history = historyOf(home).keepOpen();
  return {
    ...{ home, version, companies },
    history,
    holder: () => warehouseHolder(database),
    actions: {
      run: ({ resetState, acceptWithdrawals }) =>
        start([
          ...["run", "--trigger", "web"],
          ...(resetState ? ["--reset-state"] : []),
          ...(acceptWithdrawals ? ["--accept-withdrawals"] : []),
        ]),
      backfill: ({ from, to }) => start(["backfill", "--from", from, "--to", to, "--trigger", "web"]),
      retry: (runId) => start(["runs", "retry", runId]),
      async cancel(runId) {
        await withRuns(home, async (runs) => {
          const [run] = await runs.find(runId);
          if (run !== undefined) await runs.requestCancel(run.no);
        });
      },
    },
    schedules: {
      list: () =>
        Promise.all((store.isThere() ? store.list() : []).map((schedule) => publicSchedule(schedule, store, history))),
      async add({ name, cron, timezone, overlap = "skip", catchUp = "latest" }) {
        const given = { cron, overlap, catchUp, jitter: "0", lateAfter: "60" };
        const schedule = makeSchedule(name, [], timezone === undefined ? given : { ...given, timezone }, Date.now());
        if (!store.add(schedule)) throw scheduleExists(name);
        return publicSchedule(schedule, store, history);
      },
      change(name, change) {
        namedSchedule(store.list(), name);
        if (change === "rm") store.remove(name);
        else if (change === "pause") store.pause(name);
        else store.resume(name, Date.now());
      },
      version: () => (store.isThere() ? store.version() : ""),
    },
    snapshot: snapshotOf(settings),
  };
}

async function publicSchedule(
  schedule: ReturnType<ScheduleStore["list"]>[number],
  store: ScheduleStore,
  handle: HistoryHandle,
): Promise<Schedule> {
  const { createdAt: _, nextDueAt: __, ...rest } = schedule;
  const times = schedule.paused ? [] : nextTimes(cronTimes(schedule.cron, schedule.timezone), Date.now(), shownTimes);
  const history = await handle.get();
  const past = await Promise.all(
    store.slotsOf(schedule.name, shownPast).map(async (slot) => {
      const outcome = await outcomeOf(slot, history);
      return { dueAt: new Date(slot.dueAt).toISOString(), outcome, runId: slot.runId };
    }),
  );
  return { ...rest, next: times.map((at) => new Date(at).toISOString()), past };
}

/** DuckDB is loaded by the processes that ask it, not here. */
function snapshotOf({ home, threads }: ServeSettings): ServerBackend["snapshot"] {
  const newQueue = () => new Queue(places.atOnce, places.waiting);
  const queues = { chart: newQueue(), sql: newQueue() };
  return {
    current: async () => currentSnapshotName(home),
    query: (sql, purpose, signal) =>
      queues[purpose].turn(signal, async () => {
        const session = await openPublished(home, { ...queryLimits, threads });
        const found: Awaited<ReturnType<ServerBackend["snapshot"]["query"]>> = {
          columns: [],
          rows: [],
          more: false,
          isCut: false,
        };
        try {
          const receiver = {
            columns(columns: typeof found.columns) {
              found.columns = [...columns];
            },
            rows(rows: readonly unknown[][]) {
              found.rows.push(...rows);
            },
          };
          const end = await session.query({ sql, ...most }, receiver, signal);
          return { ...found, ...end };
        } catch (error) {
          throw onPage(error);
        } finally {
          await session.close();
        }
      }),
  };
}

/** What helps on a page, where no options can be given. */
function onPage(error: unknown): unknown {
  if (!(error instanceof PipelineError) || !/^sql_(timeout|memory)$/.test(error.code)) return error;
  const { code, message, data } = error;
  const next = "Ask for less, or ask on the command line, which may take more time and memory: pipeline sql --help";
  return new PipelineError({ code, message, data, next }, { cause: error });
}
