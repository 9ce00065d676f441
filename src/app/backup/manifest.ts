import * as z from "zod";

/** What a backup says of itself, in its `backup.json`. Keys are added to, never changed. */
const schema = z.object({
  version: z.literal(1),
  /** ISO instant. */
  madeAt: z.string(),
  /** Of the program that made it. */
  program: z.string(),
  host: z.string(),
  home: z.string(),
  /** The warehouse's own name: the views of the models know the file by it. */
  warehouse: z.string(),
  /** Identity of the source that the complaints are of; null where it is not known. */
  source: z.string().nullable().default(null),
  /** Complaints in the warehouse. */
  rows: z.number(),
  /** The published snapshot; null where nothing was published. */
  snapshot: z.string().nullable(),
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type BackupManifest = z.infer<typeof schema>;

export const manifestFile = "backup.json";

/** Throws where the text is no manifest, or names a file outside its folder. */
export function parseBackupManifest(text: string): BackupManifest {
  const manifest = schema.parse(JSON.parse(text));
  const outside = manifest.files.find(({ path }) => path.startsWith("/") || path.split(/[/\\]/).includes(".."));
  if (outside !== undefined) throw new Error(`it names a file outside its folder: ${outside.path}`);
  return manifest;
}
