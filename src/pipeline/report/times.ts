// Texts of times are parts of an ISO text, without date-fns: `runs ls` and its like would start 20 ms later for it.

/** `2026-11-30T08:15Z`. `ms` is epoch milliseconds. */
export function minuteText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** `2026-11-30 08:15:02`, in UTC. `ms` is epoch milliseconds. */
export function secondText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
