import { constants } from "node:os";
import type { DbtResult } from "../pipeline/flow/values.ts";
import { checksOf } from "../pipeline/report/checks.ts";
import type { Exit } from "../process/child.ts";
import { PipelineError } from "../run/errors.ts";
import type { DbtNode } from "../run/events.ts";

const isFailed = ({ status }: DbtNode) => status === "error" || status === "fail";

/** Whether dbt came to an end of its own: it built models, or says which node failed. */
export function hasResults(nodes: readonly DbtNode[], exit: Exit): boolean {
  return (exit.code === 0 && nodes.some(({ kind }) => kind === "model")) || (exit.code === 1 && nodes.some(isFailed));
}

/** What came of a build. Throws where dbt had no results. */
export function resultOf(
  nodes: readonly DbtNode[],
  exit: Exit,
  said: readonly string[],
  marts: string[],
  environment: string | null,
): DbtResult {
  if (!hasResults(nodes, exit)) throw crashed(exit, said, environment);
  const failed = nodes.filter(isFailed);
  return {
    state: failed.length > 0 ? "Failed" : "Completed",
    models: nodes.filter(({ kind }) => kind === "model").length,
    tests: checksOf(nodes),
    failures: sum(failed.map((node) => numberOf(node, "fail"))),
    warnings: sum(nodes.map((node) => numberOf(node, "warn"))),
    nodes: [...nodes],
    failed,
    marts,
  };
}

/** How often a node counts as failed or warned of: once, or once for each of its checks that did. */
function numberOf({ status, checks, failures }: DbtNode, what: "fail" | "warn"): number {
  if (checks.some((check) => check.status === "unknown")) return status === what ? (failures ?? 1) : 0;
  if (checks.length > 0 && status !== "error") return checks.filter((check) => check.status === what).length;
  return status === what || (what === "fail" && status === "error") ? 1 : 0;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

function crashed(exit: Exit, said: readonly string[], environment: string | null): PipelineError {
  const last = said
    .map((line) => line.trim())
    .filter((line) => /\w/.test(line))
    .slice(-5);
  const taken = /Conflicting lock is held in .*?\(PID (\d+)\)/.exec(said.join(" "));
  if (taken !== null) return fileTaken(taken[1]!);
  return new PipelineError({
    code: "dbt_crashed",
    message: `dbt stopped before it had results (${endOf(exit)}): ${last.join(" | ").slice(0, 800) || "it said nothing"}`,
    data: "The loaded complaints are kept; the watermark stays where it was, and the marts are of an earlier run.",
    next:
      "Fix the cause and run again: the next run builds everything that is owed." +
      (environment === null ? "" : ` If it stays, remove ${environment}, which the next run makes anew.`),
  });
}

/** How a process ended; the shell around it says a signal as 128 and its number. */
function endOf({ code, signal }: Exit): string {
  const number = signal === null && code !== null && code > 128 ? code - 128 : null;
  const name = signal ?? Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? `exit code ${code}` : `killed by ${name}`;
}

function fileTaken(pid: string): PipelineError {
  return new PipelineError({
    code: "warehouse_taken",
    message: `Another program (process ${pid}) has taken the warehouse's file while dbt was to build the models.`,
    data: "The loaded complaints are kept; the watermark stays where it was, and the marts are of an earlier run.",
    next: "Close the file there and run again: the next run builds everything that is owed.",
  });
}
