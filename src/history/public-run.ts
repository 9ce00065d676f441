import type { RunRow } from "./rows.ts";

/** A run for a JSON document: without its number, which is the file's own; times as ISO instants. */
export function publicRun<T extends RunRow>(run: T): PublicRun<T> {
  const { no: _, startedAt, endedAt, unheardSince, ...rest } = run;
  const times = { startedAt: isoText(startedAt), endedAt: orNull(endedAt), unheardSince: orNull(unheardSince) };
  return { ...rest, ...times };
}

/** A run whose times are ISO instants. */
type PublicRun<T extends RunRow> = Omit<T, "no" | "startedAt" | "endedAt" | "unheardSince"> & {
  startedAt: string;
  endedAt: string | null;
  unheardSince: string | null;
};

const isoText = (ms: number) => new Date(ms).toISOString();
const orNull = (ms: number | null) => (ms === null ? null : isoText(ms));
