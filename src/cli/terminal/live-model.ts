import { taskName } from "../../pipeline/flow/steps.ts";
import { limitText } from "../../pipeline/report/event-line.ts";
import { escapeControls, formatBytes, formatCount, formatDuration, plural } from "../../pipeline/report/format.ts";
import type { RunEvent } from "../../run/events.ts";
import { isFinal, type State } from "../../run/states.ts";
import { timeLeft } from "./time-left.ts";

type LiveTask = {
  /** The scope that it is for, else its name. */
  label: string;
  /** It loads a scope. */
  isLoad: boolean;
  state: State;
  startedAt: number | null;
  endedAt: number | null;
  attempt: number;
  rows: number;
  /** Rows that were there before it began. */
  before: number;
  /** Rows that the source has; null until the first page says so. */
  total: number | null;
  /** dbt nodes that are done, and how many there are; null until dbt says so. */
  nodes: number;
  nodesTotal: number | null;
  /** Waits until then, and for what. */
  wait: { until: number; what: string } | null;
  why: string | null;
  /** What the source and the warehouse have, compared. */
  verdict: string | null;
};

/** What a live view shows of a run. */
export type LiveModel = {
  title: string;
  startedAt: number | null;
  tasks: Map<string, LiveTask>;
  /** When the loads were planned, and how long they take. */
  plan: { at: number; etaMs: number } | null;
  cancelling: boolean;
};

export function newModel(): LiveModel {
  return { title: "", startedAt: null, tasks: new Map(), plan: null, cancelling: false };
}

/** What comes after the loads; shown before it begins, so that people see what is left. */
const later = ["run_dbt_models", "commit_state", "publish"];

/** Takes an event into the model. */
export function update(model: LiveModel, event: RunEvent): void {
  const at = Date.parse(event.at);
  if (event.type === "run.started") {
    model.title = `${event.flow}, as of ${event.asOf}`;
    model.startedAt = at;
  }
  if (event.type === "run.cancelling") model.cancelling = true;
  if (event.type === "scopes.planned") {
    const { company } = event;
    for (const { scope, expected } of event.scopes) {
      const load = task(model, taskName("extract_and_load_complaints", { company, scope }), scope);
      Object.assign(load, { total: expected, isLoad: true });
    }
    // They stand behind the scopes.
    for (const name of later) {
      model.tasks.delete(name);
      task(model, name);
    }
  }
  if (event.type === "run.planned") model.plan = { at, etaMs: event.etaMs };
  if (event.type === "dbt.node") task(model, "run_dbt_models").nodes++;
  if (event.type === "dbt.total") task(model, "run_dbt_models").nodesTotal = event.total;
  if (!("task" in event)) return;
  const known = task(model, event.task, event.scope);
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
      known.wait = { until: at + event.waitMs, what: `and starts again: ${event.error.code}` };
      break;
    case "source.retry":
      known.wait = { until: at + event.waitMs, what: `and asks again: ${event.error.code}` };
      break;
    case "source.wait":
      known.wait = { until: at + event.waitMs, what: `for ${limitText(event)}` };
      break;
    case "source.request":
      known.wait = null;
      break;
    case "load.reconciled":
      known.verdict = `${formatCount(event.live)} of ${formatCount(event.expected)}: ${event.live === event.expected ? "complete" : "does not add up"}`;
      break;
    case "landed.reused":
      Object.assign(known, { rows: event.rows, before: event.rows, total: event.total });
      break;
    case "file.received":
      known.wait = null;
      known.verdict = `${formatBytes(event.bytes)} of ${formatBytes(event.of)}`;
      break;
    case "page.landed":
      known.rows = (event.page === 1 ? 0 : known.rows) + event.rows;
      known.total = event.total;
      break;
    default:
      break;
  }
}

function task(model: LiveModel, name: string, label = name): LiveTask {
  const known = model.tasks.get(name);
  if (known !== undefined) return known;
  const fresh: LiveTask = {
    ...{ label, isLoad: false, state: "Pending", startedAt: null, endedAt: null, attempt: 0 },
    ...{ rows: 0, before: 0, total: null, nodes: 0, nodesTotal: null, wait: null, why: null, verdict: null },
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
    Math.max(...shown.map(({ label }) => [...label].length), 0),
    Math.max(Math.floor(width / 4), 12),
  );
  const lines = shown.map((one) => ({ text: taskLine(one, names, now, width), state: one.state as State | null }));
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
  const since = model.startedAt === null ? "" : `  ${formatDuration(Math.max(now - model.startedAt, 0))}`;
  const elapsed = `${since}${leftOf(model, now)}`;
  return [
    { text: `${cut(title, Math.max(width - elapsed.length, 0))}${elapsed}`.slice(0, width), state: null },
    ...lines,
  ];
}

/** When all loads are likely to be done, where there are several. */
function leftOf({ tasks, plan }: LiveModel, now: number): string {
  const loads = [...tasks.values()].filter(({ isLoad, total }) => isLoad && total !== null);
  if (plan === null || loads.length < 2) return "";
  const sum = (of: (load: LiveTask) => number) => loads.reduce((all, load) => all + of(load), 0);
  const expected = sum(({ total }) => total ?? 0);
  const rows = sum(({ state, rows: read, total }) => (isFinal(state) ? (total ?? 0) : read));
  const before = sum(({ state, before: reused, total }) => (state === "Skipped" ? (total ?? 0) : reused));
  const left = timeLeft({ rows, expected, before, elapsedMs: now - plan.at, plannedMs: plan.etaMs });
  return left === null ? "" : `, loads about ${formatDuration(left)} more`;
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

/** Columns from which on there is room for the state of a task beside its progress. */
const wideEnough = 92;
const marked = new Set<State>(["Pending", "Running", "Completed", "Failed", "Skipped"]);

/** A part of a line. Those of the highest rank go first where there is no room for all. */
type Part = { text: string; rank: number };

function taskLine(one: LiveTask, names: number, now: number, width: number): string {
  const start = `${marks[one.state] ?? ">"} ${pad(one.label, names)}`;
  const time = one.startedAt === null ? "" : formatDuration(Math.max((one.endedAt ?? now) - one.startedAt, 0));
  const parts: Part[] = [{ text: time.padStart(7), rank: 3 }];
  // On narrow screens the mark says it, but for the rarer states: in all lines alike, so that they stay aligned.
  if (width >= wideEnough) parts.unshift({ text: one.state.padEnd(9), rank: 5 });
  else if (!marked.has(one.state)) parts.push({ text: one.state, rank: 2 });
  if (one.attempt > 1) parts.push({ text: `attempt ${one.attempt}`, rank: 2 });
  const done = doneOf(one);
  if (one.wait !== null && one.wait.until > now) {
    parts.push({ text: `waits ${formatDuration(one.wait.until - now)} ${one.wait.what}`, rank: 0 });
  } else if (one.verdict !== null) parts.push({ text: one.verdict, rank: 0 });
  else if (done !== null && one.state !== "Pending") parts.push(...progressOf(done, one, now));
  else if (one.total !== null) {
    parts.push({ text: `${formatCount(one.state === "Pending" ? one.total : one.rows)} rows`, rank: 1 });
  }
  if (one.nodes > 0) {
    const isKnown = one.nodesTotal !== null && one.endedAt === null;
    const of = isKnown ? ` of ${Math.max(one.nodesTotal ?? 0, one.nodes)}` : "";
    parts.push({ text: `${one.nodes}${of} nodes`, rank: 1 });
  }
  if (one.why !== null) parts.push({ text: one.why, rank: 0 });
  return cut([start, ...fitting(parts, width - [...start].length)].join("  ").trimEnd(), width);
}

/** The parts that there is room for, in their order. */
function fitting(parts: readonly Part[], room: number): string[] {
  let kept = parts;
  const size = () => kept.reduce((sum, { text }) => sum + [...escapeControls(text)].length + 2, 0);
  while (size() > room && kept.length > 1) {
    const rank = Math.max(...kept.map((part) => part.rank));
    kept = kept.filter((part) => part.rank < rank || part.rank === 0);
    if (rank === 0) break;
  }
  return kept.map(({ text }) => text);
}

/** How much of a task that is under way is done, from 0 to 1; null where that is not known. */
function doneOf({ rows, total, nodes, nodesTotal, endedAt }: LiveTask): number | null {
  if (endedAt !== null) return null;
  if (nodesTotal !== null && nodesTotal > 0) return Math.min(nodes / nodesTotal, 1);
  return total === null || total === 0 ? null : Math.min(rows / total, 1);
}

const barLength = 10;

function progressOf(done: number, { rows, total, startedAt }: LiveTask, now: number): Part[] {
  const filled = Math.floor(done * barLength);
  const parts: Part[] = [
    { text: `[${"#".repeat(filled)}${"-".repeat(barLength - filled)}]`, rank: 4 },
    { text: `${Math.floor(100 * done)}%`.padStart(4), rank: 1 },
  ];
  if (total === null) return parts;
  parts.push({ text: `${formatCount(rows)} of ${formatCount(total)}`, rank: 1 });
  const seconds = (now - (startedAt ?? now)) / 1000;
  const rate = seconds > 0 ? rows / seconds : 0;
  if (rate > 0) parts.push({ text: `${formatCount(Math.round(rate))} rows/s`, rank: 6 });
  if (rate > 0 && rows < total) parts.push({ text: `${formatDuration(((total - rows) / rate) * 1000)} left`, rank: 2 });
  return parts;
}

function pad(text: string, width: number): string {
  const shown = cut(text, width);
  return shown + " ".repeat(Math.max(width - [...shown].length, 0));
}

function cut(text: string, width: number): string {
  const letters = [...escapeControls(text)];
  return letters.length <= width ? letters.join("") : `${letters.slice(0, Math.max(width - 1, 0)).join("")}~`;
}
