import { UTCDateMini } from "@date-fns/utc/date/mini";
import { lightFormat } from "date-fns/lightFormat";
import { subDays } from "date-fns/subDays";
import { z } from "zod";

/** What a snapshot of the marts says of itself, in its `manifest.json`. Keys are added to, never changed. */
const manifestSchema = z.object({
  version: z.literal(1),
  snapshot: z.string(),
  publishedAt: z.string(),
  /** The run that published. */
  runId: z.string(),
  database: z.string(),
  /** Which build of the marts this is: a run, the last load it has seen, the fingerprint of its dbt project. */
  marts: z.object({ runId: z.string(), throughLoadNo: z.number(), project: z.string() }),
  tables: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      rows: z.number(),
      bytes: z.number(),
      sha256: z.string(),
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
/** Throws where the text is no manifest. */
export function parseManifest(text: string): Manifest {
  return manifestSchema.parse(JSON.parse(text));
}

export type MartsBuild = Manifest["marts"];
export type PublishedTable = Manifest["tables"][number];

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
