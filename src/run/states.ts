/** A state of a run or of a task. */
export type State =
  | "Scheduled"
  | "Pending"
  | "Running"
  | "Retrying"
  | "Completed"
  | "Failed"
  | "Cancelling"
  | "Cancelled"
  | "Crashed"
  | "TimedOut"
  | "Skipped";

/**
 * Where a run or a task may go from each state: the only place that says so. A state that leads nowhere is final
 * (invariant 9).
 */
const transitions: Record<State, readonly State[]> = {
  Scheduled: ["Pending", "Running", "Cancelled", "Skipped"],
  Pending: ["Running", "Cancelling", "Cancelled", "Skipped", "Crashed", "Failed"],
  Running: ["Running", "Retrying", "Cancelling", "Completed", "Failed", "Cancelled", "TimedOut", "Crashed"],
  Retrying: ["Running", "Cancelling", "Failed", "Cancelled", "TimedOut", "Crashed"],
  // What was asked to stop may have been done a moment before.
  Cancelling: ["Completed", "Failed", "Cancelled", "TimedOut", "Crashed"],
  Completed: [],
  Failed: [],
  Cancelled: [],
  Crashed: [],
  TimedOut: [],
  Skipped: [],
};

export const states = Object.keys(transitions) as State[];

export function isFinal(state: State): boolean {
  return transitions[state].length === 0;
}

/** The state after `to` is reported of something that is in `from`: final states stay, and so does what cannot be left that way. */
export function transition(from: State, to: State): State {
  return transitions[from].includes(to) ? to : from;
}
