import type { ServerBackend } from "../home.ts";

/** The Prometheus text format, version 0.0.4. */
export async function metrics(home: ServerBackend): Promise<string> {
  const history = await home.history.get();
  const [last] = (await history?.list({ limit: 1 })) ?? [];
  const [good] = (await history?.list({ limit: 1, states: ["Completed"] })) ?? [];
  const lines: string[] = [];
  const metric = (name: string, type: "gauge" | "counter", help: string, values: [labels: string, value: number][]) => {
    lines.push(`# HELP pipeline_${name} ${help}`, `# TYPE pipeline_${name} ${type}`);
    for (const [labels, value] of values) lines.push(`pipeline_${name}${labels} ${value}`);
  };
  const byState = (await history?.countByState()) ?? [];
  metric(
    "runs",
    "gauge",
    "Runs in the history, by state.",
    byState.map(({ state, runs }) => [`{state="${state}"}`, runs]),
  );
  if (last !== undefined) {
    metric("last_run_start_seconds", "gauge", "When the newest run started.", [["", last.startedAt / 1000]]);
    metric("last_run_ok", "gauge", "Whether the newest run completed, or is under way.", [
      ["", /^(Failed|Crashed|TimedOut|Cancelled)$/.test(last.state) ? 0 : 1],
    ]);
  }
  if (good !== undefined && good.endedAt !== null) {
    metric("last_success_end_seconds", "gauge", "When the newest completed run ended.", [["", good.endedAt / 1000]]);
    metric("last_success_duration_seconds", "gauge", "How long it took.", [
      ["", (good.endedAt - good.startedAt) / 1000],
    ]);
    metric("last_success_rows", "gauge", "Rows that it compared with the source.", [["", good.rows ?? 0]]);
    metric("last_success_changed_rows", "gauge", "Rows that it inserted, updated or withdrew.", [
      ["", good.changed ?? 0],
    ]);
  }
  metric("server_resident_bytes", "gauge", "Memory of the server.", [["", process.memoryUsage.rss()]]);
  metric("server_uptime_seconds", "gauge", "How long the server is up.", [["", Math.round(process.uptime())]]);
  return `${lines.join("\n")}\n`;
}
