import { UTCDateMini } from "@date-fns/utc/date/mini";
import { lightFormat } from "date-fns/lightFormat";
import { subDays } from "date-fns/subDays";

/** Days that a snapshot is kept after another one has taken its place: who reads it has that long. */
const keepSnapshotDays = 7;

/** A name that sorts by time and tells two runs of one second apart. */
export function snapshotName(at: Date, runId: string): string {
  return `${lightFormat(new UTCDateMini(at), "yyyyMMdd'T'HHmmss'Z'")}-${runId.slice(0, 8)}`;
}

/** Snapshots whose time is over, out of the names in the folder; the current one is never among them. */
export function expiredSnapshots(names: readonly string[], current: string, now: Date): string[] {
  const oldest = snapshotName(subDays(new UTCDateMini(now), keepSnapshotDays), "");
  return names.filter((name) => /^\d{8}T\d{6}Z-/.test(name) && name !== current && name < oldest);
}
