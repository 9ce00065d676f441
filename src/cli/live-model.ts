import { companyOf } from "../pipeline/event-line.ts";
import type { RunEvent, State } from "../pipeline/events.ts";
import { isFinal } from "../pipeline/run-state.ts";
import { count, duration, plural, visible } from "../pipeline/words.ts";

export type LiveTask = {
  name: string;
  state: State;
  startedAt: number | null;
  endedAt: number | null;
  attempt: number;
  rows: number;
  /** Rows that the source has; null until the first page says so. */
  total: number | null;
  /** dbt nodes that are done. */
  nodes: number;
  /** Waits until then, and why. */
  wait: { until: number; why: string } | null;
  why: string | null;
  /** What the source and the warehouse have, compared. */
  verdict: string | null;
};

/** What a live view shows of a run. */
export type LiveModel = { title: string; tasks: Map<string, LiveTask>; cancelling: boolean };

export function newModel(): LiveModel {
  return { title: "", tasks: new Map(), cancelling: false };
}

/** What comes after the loads; shown before it begins, so that people see what is left. */
const later = ["run_dbt_models", "commit_state", "publish"];

/** Takes an event into the model. */
export function update(model: LiveModel, event: RunEvent): void {
  const at = Date.parse(event.at);
  if (event.type === "run.started") model.title = `${event.flow}, as of ${event.asOf}`;
  if (event.type === "run.cancelling") model.cancelling = true;
  if (event.type === "window.resolved") {
    task(model, `extract_and_load_complaints[${event.company}]`);
    // They stand behind the companies.
    for (const name of later) {
      model.tasks.delete(name);
      task(model, name);
    }
  }
  if (event.type === "dbt.node") task(model, "run_dbt_models").nodes++;
  if (!("task" in event)) return;
  const known = task(model, event.task);
  switch (event.type) {
    case "task.state":
      known.state = event.state;
      known.wait = null;
      if (event.state === "Retrying") known.verdict = null;
      known.why = event.error?.code ?? event.reason ?? null;
      if (event.state === "Running") {
        known.startedAt ??= at;
        known.attempt = event.attempt;
      } else if (isFinal(event.state)) known.endedAt = at;
      break;
    case "task.retry":
      known.wait = { until: at + event.waitMs, why: `${event.error.code}, starts again` };
      break;
    case "source.retry":
      known.wait = { until: at + event.waitMs, why: `${event.error.code}, asks again` };
      break;
    case "source.wait":
      known.wait = { until: at + event.waitMs, why: `the source allows ${event.perMinute} questions a minute` };
      break;
    case "source.request":
      known.wait = null;
      break;
    case "load.reconciled":
      known.verdict = `${count(event.live)} of ${count(event.expected)}: ${event.live === event.expected ? "complete" : "does not add up"}`;
      break;
    case "page.landed":
      known.rows = (event.page === 1 ? 0 : known.rows) + event.rows;
      known.total = event.total;
      break;
    default:
      break;
  }
}

function task(model: LiveModel, name: string): LiveTask {
  const known = model.tasks.get(name);
  if (known !== undefined) return known;
  const fresh: LiveTask = {
    ...{ name, state: "Pending", startedAt: null, endedAt: null, attempt: 0 },
    ...{ rows: 0, total: null, nodes: 0, wait: null, why: null, verdict: null },
  };
  model.tasks.set(name, fresh);
  return fresh;
}

/** The view as lines, at most `height` of them and none longer than `width`. */
export function render(
  model: LiveModel,
  width: number,
  height: number,
  now: number,
): { text: string; state: State | null }[] {
  const tasks = [...model.tasks.values()];
  const room = Math.max(height - 2, 3);
  const shown = tasks.length <= room ? tasks : mostImportant(tasks, room);
  const names = Math.min(
    Math.max(...shown.map(({ name }) => [...companyOf(name)].length), 0),
    Math.max(Math.floor(width / 3), 12),
  );
  const lines = shown.map((one) => ({ text: cut(taskLine(one, names, now), width), state: one.state as State | null }));
  const hidden = tasks.length - shown.length;
  if (hidden > 0) {
    const left = tasks.filter((one) => !shown.includes(one));
    const done = left.filter(({ state }) => isFinal(state)).length;
    lines.push({
      text: cut(`  and ${plural(hidden, "more task")}: ${done} done, ${hidden - done} to come`, width),
      state: null,
    });
  }
  const title = model.cancelling ? `${model.title}, cancelling` : model.title;
  return [{ text: cut(title, width), state: null }, ...lines];
}

/** Those under way and those that failed, then the others, in their own order. */
function mostImportant(tasks: readonly LiveTask[], room: number): LiveTask[] {
  const rank = ({ state }: LiveTask) =>
    state === "Running" || state === "Retrying"
      ? 0
      : state === "Failed" || state === "TimedOut"
        ? 1
        : state === "Pending"
          ? 2
          : 3;
  const chosen = new Set(tasks.toSorted((a, b) => rank(a) - rank(b)).slice(0, room));
  return tasks.filter((one) => chosen.has(one));
}

const marks: Partial<Record<State, string>> = {
  Completed: "+",
  Failed: "x",
  TimedOut: "x",
  Cancelled: "x",
  Skipped: "-",
  Pending: " ",
};

function taskLine(one: LiveTask, names: number, now: number): string {
  const name = pad(companyOf(one.name), names);
  const time = one.startedAt === null ? "" : duration(Math.max((one.endedAt ?? now) - one.startedAt, 0));
  const parts = [`${marks[one.state] ?? ">"} ${name}  ${one.state.padEnd(9)} ${time.padStart(8)}`];
  if (one.attempt > 1) parts.push(`attempt ${one.attempt}`);
  if (one.wait !== null && one.wait.until > now) parts.push(`waits ${duration(one.wait.until - now)}: ${one.wait.why}`);
  else if (one.verdict !== null) parts.push(one.verdict);
  else if (one.total !== null) parts.push(rowsText(one, now));
  if (one.nodes > 0) parts.push(`${one.nodes} nodes`);
  if (one.why !== null) parts.push(one.why);
  return parts.join("  ");
}

function rowsText({ rows, total, startedAt, endedAt }: LiveTask, now: number): string {
  if (endedAt !== null || total === null || total === 0) return `${count(rows)} rows`;
  const seconds = (now - (startedAt ?? now)) / 1000;
  const rate = seconds > 0 ? rows / seconds : 0;
  const left = rate > 0 && rows < total ? `  ${duration(((total - rows) / rate) * 1000)} left` : "";
  return `${count(rows)} of ${count(total)}  ${Math.floor((100 * rows) / total)}%  ${count(Math.round(rate))} rows/s${left}`;
}

function pad(text: string, width: number): string {
  const shown = cut(text, width);
  return shown + " ".repeat(Math.max(width - [...shown].length, 0));
}

function cut(text: string, width: number): string {
  const letters = [...visible(text)];
  return letters.length <= width ? letters.join("") : `${letters.slice(0, Math.max(width - 1, 0)).join("")}~`;
}
