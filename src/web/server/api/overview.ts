import type { History } from "../../../history/history.ts";
import { publicRun } from "../../../history/public-run.ts";
import type { RunDetail, RunRow } from "../../../history/rows.ts";
import { formatDuration, plural } from "../../../pipeline/report/format.ts";
import { minuteText } from "../../../pipeline/report/times.ts";
import { addDays, dayOf } from "../../../pipeline/window/days.ts";
import type { Overview } from "../../contract.ts";
import type { ServerBackend } from "../home.ts";

/** Runs in the strip. */
const shown = 60;
/** Runs that are looked at for the last word on each company. */
const looked = 20;

type Attention = Overview["attention"][number];

/** Everything that the first page says, in one answer: is the data all right, what happened, what is next, what needs somebody. */
export async function overview(home: ServerBackend, now: number): Promise<Overview> {
  const history = await home.history.get();
  await history?.findCrashed();
  const runs = (await history?.list({ limit: shown })) ?? [];
  const [newest, loaded] = history === null ? [] : await lookedAt(history, runs);
  const companies = (loaded?.report?.companies ?? []).map(
    ({ company, names, loadedThrough, expected, inserted, updated, deleted, state }) => ({
      ...{ company, names, loadedThrough, expected, inserted, updated, deleted, state },
    }),
  );
  const days = companies.map(({ loadedThrough }) => loadedThrough);
  const completeThrough = days.length === 0 || days.includes(null) ? null : (days as string[]).sort()[0]!;
  const schedules = await home.schedules.list();
  const next = schedules.flatMap(({ name, next: times, timezone }) =>
    times.slice(0, 1).map((at) => ({ name, at, timezone })),
  );
  return {
    home: home.home,
    configured: home.companies,
    completeThrough,
    companies,
    last: newest === undefined ? null : { ...publicRun(newest), words: words(newest) },
    next: next.sort((a, b) => a.at.localeCompare(b.at))[0] ?? null,
    runs: runs.map(({ id, name, state, trigger, startedAt, endedAt, changed }) => ({
      ...{ id, name, state, trigger, changed, startedAt: new Date(startedAt).toISOString() },
      durationMs: (endedAt ?? now) - startedAt,
    })),
    attention: await attention(home, history, runs, newest, completeThrough, now),
  };
}

/** The newest run, and the newest that says something of the companies: usually the same, and one is all that is read. */
async function lookedAt(history: History, runs: readonly RunRow[]): Promise<[newest?: RunDetail, loaded?: RunDetail]> {
  let newest: RunDetail | undefined;
  for (const { no } of runs.slice(0, looked)) {
    const run = await history.inspect(no);
    newest ??= run;
    if ((run.report?.companies.length ?? 0) > 0) return [newest, run];
  }
  return newest === undefined ? [] : [newest];
}

/** A run's end, in words. */
function words(run: RunDetail): string {
  const { state, startedAt, endedAt, report, error } = { error: run.report?.error ?? null, ...run };
  if (endedAt === null) return `${state} since ${new Date(startedAt).toISOString().slice(11, 16)} UTC`;
  const took = `${state} in ${formatDuration(Math.max(endedAt - startedAt, 0))}`;
  if (error !== null) return `${took}: ${error.message}`;
  if (report === null) return took;
  if (report.nothingNew) return `${took}: nothing new in the days that were read`;
  const sum = (of: "inserted" | "updated" | "deleted") =>
    report.companies.reduce((total, company) => total + company[of], 0).toLocaleString("en-US");
  return `${took}: ${sum("inserted")} new, ${sum("updated")} changed, ${sum("deleted")} withdrawn`;
}

/** Days that a copy may be behind: the source publishes a day's first rows on the next. */
const oldDays = 3;

async function attention(
  home: ServerBackend,
  history: History | null,
  runs: readonly RunRow[],
  newest: RunDetail | undefined,
  completeThrough: string | null,
  now: number,
): Promise<Attention[]> {
  const found: Attention[] = [];
  const refusal = (await history?.refusal()) ?? null;
  if (refusal !== null) {
    const at = minuteText(refusal.at);
    const what = `A start by ${refusal.trigger} at ${at} was refused [${refusal.code}]: ${refusal.message}`;
    found.push({ level: "failure", what, next: refusal.next, runId: null });
  }
  if (newest === undefined) {
    const nothing: Attention = { level: "warning", what: "Nothing was run yet.", next: "pipeline run", runId: null };
    return refusal === null ? [nothing] : found;
  }
  const { id, name, state, report } = newest;
  if (newest.unheardSince !== null) {
    const since = minuteText(newest.unheardSince);
    const what = `Run ${name} was not heard from since ${since}: its machine or container cannot be seen from here.`;
    found.push({ level: "warning", what, next: `pipeline runs inspect ${id.slice(0, 8)}`, runId: id });
  }
  if (state === "Crashed") {
    const next = `pipeline runs retry ${id.slice(0, 8)}`;
    found.push({
      level: "failure",
      what: `The process of run ${name} is gone without an end. Nothing is half done.`,
      next,
      runId: id,
    });
  } else if (state === "Failed" || state === "TimedOut") {
    const { message, next } = report?.error ?? { message: `Run ${name} failed.`, next: "pipeline runs inspect" };
    found.push({ level: "failure", what: message, next, runId: id });
  }
  const isSample = newest.source === "sample" || /127\.0\.0\.1/.test(newest.source);
  const today = dayOf(now);
  if (!isSample && completeThrough !== null && completeThrough < addDays(today, -oldDays)) {
    found.push({
      level: "warning",
      what: `The newest day that is complete is ${completeThrough}.`,
      next: "pipeline run",
      runId: null,
    });
  }
  for (const { channel, kind, error } of (await history?.undelivered()) ?? []) {
    const what = `${channel} was not told of ${kind}: ${error ?? "unknown"}`;
    found.push({ level: "warning", what, next: "pipeline notify test", runId: null });
  }
  for (const { name: schedule, paused, past } of await home.schedules.list()) {
    if (paused) {
      const next = `pipeline schedule resume ${schedule}`;
      found.push({ level: "warning", what: `The schedule ${schedule} is paused.`, next, runId: null });
    } else if (past[0] !== undefined && /^(missed|skipped)/.test(past[0].outcome)) {
      const what = `${schedule}, ${past[0].dueAt.slice(0, 16)}Z: ${past[0].outcome}.`;
      found.push({ level: "warning", what, next: "pipeline run", runId: null });
    }
  }
  const failures = runs.slice(0, 10).filter((run) => /^(Failed|Crashed|TimedOut)$/.test(run.state)).length;
  if (failures >= 3) {
    const what = `${plural(failures, "run")} of the last ${Math.min(runs.length, 10)} failed.`;
    found.push({ level: "warning", what, next: "pipeline runs stats", runId: null });
  }
  return found;
}
