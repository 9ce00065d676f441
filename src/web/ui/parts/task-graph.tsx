import type { RunDetail } from "../../contract.ts";
import { State } from "./icon.tsx";

/** The flow's steps in their order; what stands in one of them runs side by side. */
const titles: Record<string, string> = {
  resolve_companies: "names",
  resolve_window: "windows",
  plan: "plan",
  extract_and_load_complaints: "loads",
  reconcile_window: "whole windows",
  compare_outside: "other days",
  run_dbt_models: "models",
  commit_state: "state",
  publish: "snapshot",
  notify: "notices",
};

/** What waits for what: a step begins when the one before it is over, the loads run side by side. */
export function TaskGraph({ run, onTask }: { run: RunDetail; onTask(name: string): void }) {
  // A step that this page does not know is shown by its name.
  const steps = [...new Set([...Object.keys(titles), ...run.tasks.map(({ step }) => step)])];
  const shown = steps
    .map((step) => ({ title: titles[step] ?? step, tasks: run.tasks.filter((task) => task.step === step) }))
    .filter(({ tasks }) => tasks.length > 0);
  return (
    <ol class="flow">
      {shown.map(({ title, tasks }) => (
        <li key={title}>
          <h3>{title}</h3>
          {tasks.map(({ name, scope, state }) => (
            <button key={name} type="button" class="step" title={name} onClick={() => onTask(name)}>
              <State state={state} />
              <span>{scope ?? name}</span>
            </button>
          ))}
        </li>
      ))}
    </ol>
  );
}
