import { formatDuration } from "../../../pipeline/report/format.ts";
import type { RunDetail } from "../../contract.ts";

const rowPx = 26;
const labelPx = 250;
const widthPx = 900;

/** Tasks by row, their attempts as segments, waits for the source hatched, dbt's nodes below its task. */
export function Timeline({ run, onTask }: { run: RunDetail; onTask(name: string): void }) {
  const tasks = run.tasks.filter(({ startedAt }) => startedAt !== null);
  if (tasks.length === 0) return null;
  const start = Date.parse(run.startedAt);
  const ends = tasks.map(({ endedAt }) => endedAt ?? Date.now());
  const end = Math.max(...ends, start + 1);
  const x = (at: number) => labelPx + ((at - start) / (end - start)) * (widthPx - labelPx - 8);
  const nodes = run.nodes.filter(({ kind }) => kind === "model" || kind === "seed");
  return (
    <div class="scroll">
      <svg
        viewBox={`0 0 ${widthPx} ${tasks.length * rowPx + 24}`}
        class="timeline"
        role="img"
        aria-label="Tasks over time"
      >
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2" height="6" class="hatch" />
          </pattern>
        </defs>
        {tasks.map((task, i) => {
          const attempts = run.attempts.filter((attempt) => attempt.task === task.name);
          const y = i * rowPx;
          const waited = Math.min(task.waitedMs, (task.endedAt ?? end) - task.startedAt!);
          return (
            <g key={task.name} transform={`translate(0 ${y})`}>
              <title>{`${task.name}: ${task.state}, ${formatDuration((task.endedAt ?? end) - task.startedAt!)}${task.reason ? ` (${task.reason})` : ""}`}</title>
              {/* biome-ignore lint/a11y/noStaticElementInteractions: the log's own filter does the same by keyboard */}
              <text x="0" y="17" class="label" onClick={() => onTask(task.name)}>
                {task.name.length > 38 ? `${task.name.slice(0, 37)}…` : task.name}
              </text>
              {(attempts.length > 0 ? attempts : [{ ...task, number: 1, startedAt: task.startedAt! }]).map(
                (attempt) => (
                  <rect
                    key={attempt.number}
                    class={`segment ${attempt.state}`}
                    x={x(attempt.startedAt)}
                    y="5"
                    height="16"
                    rx="2"
                    width={Math.max(x(attempt.endedAt ?? end) - x(attempt.startedAt), 2)}
                  />
                ),
              )}
              {waited > 500 && (
                <rect
                  x={x(task.startedAt!)}
                  y="5"
                  height="16"
                  width={Math.max(x(task.startedAt! + waited) - x(task.startedAt!), 2)}
                  fill="url(#hatch)"
                />
              )}
              {task.name === "run_dbt_models" && nodes.length > 0 && (
                <text x={x(task.startedAt!) + 4} y="17" class="inside">
                  {nodes.length} nodes
                </text>
              )}
            </g>
          );
        })}
        <text x={labelPx} y={tasks.length * rowPx + 16} class="axis">
          0 s
        </text>
        <text x={widthPx - 8} y={tasks.length * rowPx + 16} class="axis end">
          {formatDuration(end - start)}
        </text>
      </svg>
    </div>
  );
}
