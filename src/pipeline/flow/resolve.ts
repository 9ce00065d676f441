import { PipelineError } from "../../run/errors.ts";
import { resolveNames } from "../names/names.ts";
import { nameWarning, type Warning } from "../report/warnings.ts";
import {
  type CompanyState,
  type CompanyWindow,
  loadedNames,
  resolveWindow,
  type StoredCompany,
} from "../window/window.ts";
import { type PlannedCompany, planCompany } from "./plan.ts";
import { type Ports, type ResolveSettings, shortTask, type TaskContext } from "./ports.ts";

/** The names and the days of each company, as two tasks, and the index that has the names. */
export async function resolveWindows(
  ports: Pick<Ports, "source" | "tasks" | "report">,
  settings: ResolveSettings,
  states: readonly StoredCompany[],
): Promise<{ windows: CompanyWindow[]; warnings: Warning[]; lastIndexed: string | null }> {
  const { tasks, report } = ports;
  const { backfill } = settings;
  const { resolved, warnings, lastIndexed } = await tasks.run("resolve_companies", shortTask, (context) =>
    resolveCompanies(ports, settings, states, context),
  );
  const windows = await tasks.run("resolve_window", shortTask, async () =>
    resolved.map((company) =>
      backfill === null
        ? resolveWindow(
            settings,
            company,
            states.find((state) => state.company === company.company),
          )
        : { ...company, window: backfill, why: "backfill" },
    ),
  );
  for (const { company, names, window, why } of windows) {
    report({ type: "window.resolved", company, names, ...window, why });
  }
  return { windows, warnings, lastIndexed };
}

/** What a run would do: each company's window, and how many rows the source shows in it. Changes nothing. */
export async function planFlow(
  ports: Pick<Ports, "source" | "tasks" | "report">,
  settings: ResolveSettings,
  pageSize: number,
  states: readonly StoredCompany[],
): Promise<PlannedCompany[]> {
  const { windows } = await resolveWindows(ports, settings, states);
  return ports.tasks.run("plan", shortTask, async (context) => {
    const planned: PlannedCompany[] = [];
    for (const window of windows) {
      const counts = await ports.source.count(window.names, window.window, context);
      planned.push(planCompany(window, counts, pageSize));
    }
    return planned;
  });
}

async function resolveCompanies(
  { source, report }: Pick<Ports, "source" | "report">,
  settings: ResolveSettings,
  states: readonly CompanyState[],
  context: TaskContext,
): Promise<{ resolved: { company: string; names: string[] }[]; warnings: Warning[]; lastIndexed: string | null }> {
  const { candidates, lastIndexed } = await source.findNames(settings.companies, context);
  const known = new Map(states.map((state) => [state.company, loadedNames(state)]));
  const meant = resolveNames(candidates, known);
  if ("error" in meant) throw new PipelineError(meant.error);
  const notes = meant.companies.flatMap(({ company, notes }) => notes.map((note) => ({ company, note })));
  for (const { company, note } of notes) report({ type: "names.noted", company, note });
  return {
    resolved: meant.companies.map(({ company, names }) => ({ company, names })),
    warnings: notes.map(({ company, note }) => nameWarning(company, note)),
    lastIndexed,
  };
}
