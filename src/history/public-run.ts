import type { RunRow } from "./rows.ts";

/** A run for a JSON document: without its number, which is the file's own; times as ISO instants. */
export function publicRun({ no: _, startedAt, endedAt, unheardSince, ...run }: RunRow): object {
  const text = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return { ...run, startedAt: text(startedAt), endedAt: text(endedAt), unheardSince: text(unheardSince) };
}
