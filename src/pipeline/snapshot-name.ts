import { dayMs } from "./window/units.ts";

/** Days that a snapshot is kept after another one has taken its place: who reads it has that long. */
const keepSnapshotDays = 7;

/** A name that sorts by time and tells two runs of one second apart. */
export function snapshotName(at: Date, runId: string): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z-${runId.slice(0, 8)}`;
}

/** Snapshots whose time is over, out of the names in the folder; the current one is never among them. */
export function expiredSnapshots(names: readonly string[], current: string, now: Date): string[] {
  const oldest = snapshotName(new Date(now.getTime() - keepSnapshotDays * dayMs), "");
  return names.filter((name) => /^\d{8}T\d{6}Z-/.test(name) && name !== current && name < oldest);
}
