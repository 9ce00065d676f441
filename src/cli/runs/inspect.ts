import { publicRun } from "../../history/public-run.ts";
import type { RunDetail } from "../../history/rows.ts";
import { checksOf, failureTexts, rowsCommand } from "../../pipeline/report/checks.ts";
import { escapeControls, formatBytes, formatCount, formatDuration, plural } from "../../pipeline/report/format.ts";
import { secondText } from "../../pipeline/report/times.ts";
import { withoutAddress } from "../../run/errors.ts";
import { withHomeOptions } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { errorText } from "../terminal/error-output.ts";
import { type Style, styleFor } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import { findRun, withHistory } from "./find.ts";
import { colored } from "./list.ts";

/** `pipeline runs inspect`. */
export async function runsInspect(id: string | undefined, options: GlobalOptions): Promise<number> {
  return withHistory(options, async (history) => {
    const run = await history.inspect((await findRun(history, id)).no);
    const text = options.json
      ? `${JSON.stringify(publicRun(run))}\n`
      : inspectText(run, styleFor(process.stdout, options, process.env));
    process.stdout.write(text);
    return 0;
  });
}

function noticeLines({ notices }: RunDetail): string {
  if (notices.length === 0) return "";
  const words: Record<string, string> = { pending: "not yet", sent: "sent", failed: "given up" };
  return table(
    ["told of", "by", "state", "attempts", "error"].map((title) => ({ title })),
    notices.map(({ kind, channel, state, attempts, error }) => [
      ...[kind, channel, words[state] ?? state, formatCount(attempts), error ?? ""],
    ]),
  );
}

function inspectText(run: RunDetail, style: Style): string {
  const { report, usage, lease } = run;
  const facts: [string, string][] = [
    ["run", `${run.id} (${run.name})`],
    ["state", colored(run.state, run.state, style)],
    ["started", `${secondText(run.startedAt)} UTC, by ${run.trigger}, process ${lease.pid} on ${lease.host}`],
    [
      "ended",
      run.endedAt === null
        ? "not yet"
        : `${secondText(run.endedAt)} UTC, after ${formatDuration(Math.max(run.endedAt - run.startedAt, 0))}`,
    ],
    ["source", `${run.source}, as of ${run.asOf}`],
    ["warehouse", run.database],
  ];
  if (run.requests !== null)
    facts.push(["source use", `${plural(run.requests, "request")}, ${formatBytes(run.bytes ?? 0)}`]);
  if (usage !== null)
    facts.push([
      "process use",
      `${formatDuration(usage.cpuMs)} of CPU, ${formatBytes(usage.peakRss)} of memory at most`,
    ]);
  const lines = facts.map(([name, value]) => `${style.dim(name.padEnd(12))} ${value}`);
  for (const { company, window } of report?.companies ?? []) {
    lines.push(
      `${style.dim("window".padEnd(12))} ${escapeControls(`${company}: ${window.from} to ${window.to} (${window.why})`)}`,
    );
  }
  const parts = [`${lines.join("\n")}\n`, taskTable(run, style), attemptLines(run), nodeLines(run), noticeLines(run)];
  if (run.state === "Crashed") {
    parts.push(
      errorText(
        {
          code: "crashed",
          message: `The process of this run (${lease.pid} on ${lease.host}) is gone without an end: it was killed, or the machine was.`,
          data: "What it had not committed was rolled back; companies that were already loaded stay loaded.",
          next: `Run again, or only what is left: pipeline runs retry ${run.id.slice(0, 8)}`,
        },
        style,
      ),
    );
  }
  if (report?.error) parts.push(errorText({ ...report.error, message: withoutAddress(report.error.message) }, style));
  return parts.filter(Boolean).join("\n");
}

function taskTable({ tasks }: RunDetail, style: Style): string {
  if (tasks.length === 0) return "";
  return table(
    [
      { title: "task" },
      { title: "state", style: (padded, cell) => colored(cell, padded, style) },
      { title: "attempts", align: "right" },
      { title: "time", align: "right" },
      { title: "rows", align: "right" },
      { title: "read", align: "right" },
      { title: "requests", align: "right" },
      { title: "throttled", align: "right" },
      { title: "waited", align: "right" },
      { title: "CPU", align: "right" },
      { title: "memory", align: "right" },
      { title: "why" },
    ],
    tasks.map(
      ({
        name,
        state,
        attempts,
        startedAt,
        endedAt,
        rows,
        bytes: read,
        requests,
        throttled,
        waitedMs,
        cpuMs,
        peakRss,
        reason,
        error,
      }) => [
        name,
        state,
        attempts === 0 ? "" : String(attempts),
        startedAt === null || attempts === 0 ? "" : formatDuration(Math.max((endedAt ?? Date.now()) - startedAt, 0)),
        rows === 0 ? "" : formatCount(rows),
        read === 0 ? "" : formatBytes(read),
        requests === 0 ? "" : String(requests),
        throttled === 0 ? "" : formatCount(throttled),
        waitedMs === 0 ? "" : formatDuration(waitedMs),
        cpuMs === null ? "" : formatDuration(cpuMs),
        peakRss === null ? "" : formatBytes(peakRss),
        error?.code ?? reason ?? "",
      ],
    ),
  );
}

function attemptLines({ attempts }: RunDetail): string {
  const failed = attempts.filter(({ error }) => error !== null);
  return failed
    .map(({ task, number, error, waitMs }) => {
      const waited = waitMs === null ? "" : `; the next one ${formatDuration(waitMs)} later`;
      return `${escapeControls(`${task}, attempt ${number}: ${error!.code}: ${error!.message}${waited}`)}\n`;
    })
    .join("");
}

function nodeLines({ nodes }: RunDetail): string {
  if (nodes.length === 0) return "";
  const models = nodes.filter(({ kind }) => kind === "model");
  const slowest = models.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, 3);
  const lines = [
    `dbt: ${plural(models.length, "model")}, ${plural(checksOf(nodes), "check")}; slowest: ${slowest.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`).join(", ")}`,
    ...nodes.flatMap(failureTexts).map((trouble) => `dbt: ${trouble.split("\n")[0]}`),
    ...nodes.flatMap(({ checks }) =>
      checks.flatMap(({ name, found }) =>
        found === null ? [] : [`  rows of ${name}: ${withHomeOptions(rowsCommand(found.sql))}`],
      ),
    ),
    ...skippedLines(nodes),
    ...nodes.flatMap(passedLine),
  ];
  return `${lines.map(escapeControls).join("\n")}\n`;
}

function skippedLines(nodes: RunDetail["nodes"]): string[] {
  const skipped = nodes.filter(({ status }) => status === "skipped");
  const models = skipped.filter(({ kind }) => kind === "model").map(({ name }) => name);
  return [
    ...(models.length === 0 ? [] : [`  skipped: ${models.join(", ")}`]),
    ...(checksOf(skipped) === 0 ? [] : [`  skipped: ${plural(checksOf(skipped), "check")}`]),
  ];
}

function passedLine({ name, kind, model, status, checks }: RunDetail["nodes"][number]): string[] {
  const passed =
    checks.length > 0
      ? checks.filter((check) => check.status === "pass")
      : [{ name }].filter(() => kind === "test" && status === "pass");
  if (passed.length === 0) return [];
  return [`  passed${model === null ? "" : ` of ${model}`}: ${passed.map((check) => check.name).join(", ")}`];
}
