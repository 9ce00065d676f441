import { type ErrorCode, exitCodeOf } from "../run/errors.ts";
import type { State } from "../run/states.ts";

import type { NoticeKind } from "./notice.ts";

/** What is wrong now, as somebody was told: all notices since it was over, the newest first. */
export type OpenIncidents = readonly { kind: NoticeKind; incident: string }[];

/** How a run ended. `warnings` are the warnings of a completed run that need a notice. */
export type RunOutcome = { state: State; errorCode: string | null; trigger: string; warnings: readonly string[] };

/**
 * What the end of a run is worth telling: an incident once, its end once. A cancelled run is none, nor one that was refused because
 * another is under way, nor a mistake on a command line that its writer sees at once.
 */
export function noticeOf(
  { state, errorCode, trigger, warnings }: RunOutcome,
  open: OpenIncidents,
  hadSuccess: boolean,
): { kind: NoticeKind; incident: string } | null {
  if (state === "Completed") {
    const warning =
      warnings.length === 0 ? null : { kind: "warning" as const, incident: `warning:${warnings.join("\n")}` };
    const [newest] = open;
    if (newest !== undefined && newest.kind !== "warning") return { kind: "recovered", incident: newest.incident };
    if (warning !== null && hadSuccess) return news(warning, open);
    if (newest !== undefined) return { kind: "recovered", incident: newest.incident };
    return hadSuccess ? null : { kind: "firstSuccess", incident: "" };
  }
  if (state === "Crashed") return news({ kind: "crashed", incident: "crashed" }, open);
  if (state !== "Failed" && state !== "TimedOut") return null;
  const code = (errorCode ?? "internal") as ErrorCode;
  if (code === "warehouse_locked" || (trigger === "cli" && exitCodeOf(code) === 2)) return null;
  return news({ kind: "failed", incident: code }, open);
}

/** A schedule that is late, once until a run completes. */
export function lateNotice(schedule: string, open: OpenIncidents): { kind: NoticeKind; incident: string } | null {
  return news({ kind: "late", incident: `late:${schedule}` }, open);
}

/** A run that is late and then fails has two incidents; each of them is told once until a run completes. */
function news<T extends { incident: string }>(found: T, open: OpenIncidents): T | null {
  return open.some(({ incident }) => incident === found.incident) ? null : found;
}
