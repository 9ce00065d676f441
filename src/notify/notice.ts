import { randomUUID } from "node:crypto";
import type { RunReport } from "../pipeline/report/report.ts";
import type { ErrorFacts } from "../run/errors.ts";
import type { State } from "../run/states.ts";

const noticeKinds = ["failed", "crashed", "late", "recovered", "firstSuccess", "warning"] as const;

export type NoticeKind = (typeof noticeKinds)[number];

/** What a channel sends, as a small JSON value: webhooks send it as it is. Times are ISO instants. */
export type Message = {
  id: string;
  kind: NoticeKind | "test";
  at: string;
  /** One line. */
  title: string;
  /** What happened, what happened to the data, what to do next: sentences. */
  what: string;
  data: string;
  next: string;
  /** Where: the machine and the home. */
  host: string;
  home: string;
  run: {
    id: string;
    name: string;
    state: State;
    trigger: string;
    startedAt: string;
    endedAt: string | null;
    errorCode: string | null;
  } | null;
  schedule: { name: string; dueAt: string } | null;
};

/** Where a message is from. */
export type MessageOrigin = { host: string; home: string };

/** A run that is over, as far as notices need it. */
export type NotifiedRun = NonNullable<Message["run"]> & { error: ErrorFacts | null; report: RunReport | null };

/** The text of a message, for people: mail, and the body of a failed ping. */
export function messageText({ what, data, next, run, schedule, host, home }: Message): string {
  const lines = [what, "", `data: ${data}`, `next: ${next}`, ""];
  if (run !== null)
    lines.push(`run: ${run.name} (${run.id}), ${run.state}, started ${run.startedAt} by ${run.trigger}`);
  if (schedule !== null) lines.push(`schedule: ${schedule.name}, due ${schedule.dueAt}`);
  lines.push(`where: ${home} on ${host}`);
  return `${lines.join("\n")}\n`;
}

export function runMessage(id: string, kind: NoticeKind, ended: NotifiedRun, place: MessageOrigin): Message {
  const { error, report, ...run } = ended;
  return { id, kind, at: run.endedAt ?? run.startedAt, ...words(kind, ended), ...place, run, schedule: null };
}

type Words = Pick<Message, "title" | "what" | "data" | "next">;

function words(kind: NoticeKind, { id, name, error, report }: NotifiedRun): Words {
  const inspect = `See it with: pipeline runs inspect ${id.slice(0, 8)}`;
  if (kind === "warning") {
    const what = (report?.warnings ?? []).map(({ message }) => `${message}.`).join(" ");
    return { title: `Warning: run ${name} completed`, what, data: loaded(report), next: inspect };
  }
  if (kind === "recovered") {
    return {
      title: `Recovered: run ${name} completed`,
      what: "The run completed.",
      data: loaded(report),
      next: "Nothing.",
    };
  }
  if (kind === "firstSuccess") {
    const what =
      "The first run of this home completed: from now on, only what goes wrong is told, and when it is over.";
    return { title: `First success: run ${name} completed`, what, data: loaded(report), next: inspect };
  }
  if (kind === "crashed") {
    return {
      title: `Crashed: run ${name}`,
      what: "The process of the run is gone without an end: it was killed, or the machine was.",
      data: "What it had not committed was rolled back; companies that were already loaded stay loaded.",
      next: `Run again, or only what is left: pipeline runs retry ${id.slice(0, 8)}`,
    };
  }
  const { code, message, data, next } = error!;
  return { title: `Failed: run ${name} [${code}]`, what: message, data, next: `${next} ${inspect}` };
}

function loaded(report: RunReport | null): string {
  if (report === null) return "All configured companies are loaded.";
  const sum = (of: "expected" | "inserted" | "updated" | "deleted") =>
    report.companies.reduce((total, company) => total + company[of], 0).toLocaleString("en-US");
  const through = [...new Set(report.companies.map(({ loadedThrough }) => loadedThrough))].join(", ");
  const rows = `${sum("expected")} rows verified: ${sum("inserted")} new, ${sum("updated")} changed, ${sum("deleted")} withdrawn`;
  const warnings = report.warnings.map(({ message }) => ` Warning: ${message}.`).join("");
  return `${rows}. Every day through ${through} was read.${warnings}`;
}

export function lateMessage(
  id: string,
  schedule: { name: string; dueAt: number; lateAfterMinutes: number; state: string; runId: string | null },
  place: MessageOrigin,
  now: number,
): Message {
  const { name, dueAt, lateAfterMinutes, state, runId } = schedule;
  const due = new Date(dueAt).toISOString();
  const how =
    state === "started"
      ? "Its run is still under way."
      : state === "missed"
        ? "No server was up to start it."
        : "Its run has not started: another one is under way.";
  return {
    ...{ id, kind: "late", at: new Date(now).toISOString(), title: `Late: ${name}` },
    what: `The run of schedule ${name} that was due at ${due} had not ended ${lateAfterMinutes} minutes later. ${how}`,
    data: "What was loaded before stands; the newest days may be missing.",
    next:
      runId === null
        ? "See what is under way with: pipeline runs ls, or start it now: pipeline run"
        : `Look at it with: pipeline runs watch ${runId.slice(0, 8)}`,
    ...place,
    run: null,
    schedule: { name, dueAt: due },
  };
}

/** What `pipeline notify test` sends. */
export function testMessage(place: MessageOrigin, at: string): Message {
  return {
    ...{ id: randomUUID(), kind: "test", at, title: "A test" },
    what: "This is a test of pipeline's notifications: nothing has happened.",
    data: "No data was touched.",
    next: "Nothing: it arrived.",
    ...place,
    ...{ run: null, schedule: null },
  };
}
