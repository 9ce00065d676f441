import type { RunDetail } from "../../contract.ts";
import { State } from "./icon.tsx";

/** The flow's steps in their order; what stands in one of them runs side by side. */
const steps: [title: string, isOf: (task: string) => boolean][] = [
  ["names", (task) => task === "resolve_companies"],
  ["windows", (task) => task === "resolve_window"],
  ["loads", (task) => task.startsWith("extract_and_load_complaints")],
  ["models", (task) => task === "run_dbt_models"],
  ["state", (task) => task === "commit_state"],
  ["snapshot", (task) => task === "publish"],
  ["notices", (task) => task === "notify"],
];

/** What waits for what: a step begins when the one before it is over, the loads run side by side. */
export function TaskGraph({ run, onTask }: { run: RunDetail; onTask(name: string): void }) {
  const shown = steps
    .map(([title, isOf]) => ({ title, tasks: run.tasks.filter(({ name }) => isOf(name)) }))
    .filter(({ tasks }) => tasks.length > 0);
  return (
    <ol class="flow">
      {shown.map(({ title, tasks }) => (
        <li key={title}>
          <h3>{title}</h3>
          {tasks.map(({ name, company, state }) => (
            <button key={name} type="button" class="step" title={name} onClick={() => onTask(name)}>
              <State state={state} />
              <span>{company ?? name}</span>
            </button>
          ))}
        </li>
      ))}
    </ol>
  );
}
