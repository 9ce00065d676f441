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

export type SnapshotManifest = z.infer<typeof manifestSchema>;
/** Throws where the text is no manifest. */
export function parseManifest(text: string): SnapshotManifest {
  return manifestSchema.parse(JSON.parse(text));
}

export type MartsBuild = SnapshotManifest["marts"];
export type PublishedTable = SnapshotManifest["tables"][number];
