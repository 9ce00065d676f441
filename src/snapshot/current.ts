import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest, type SnapshotManifest } from "../pipeline/manifest.ts";
import { PipelineError } from "../run/errors.ts";

export type Snapshot = {
  /** The snapshot's own folder, not the link `current`: a new snapshot does not change it. */
  folder: string;
  manifest: SnapshotManifest;
};

/** The snapshot that is current now. Throws `nothing_published` where there is none. */
export async function currentSnapshot(published: string): Promise<Snapshot> {
  const current = join(published, "current");
  try {
    const folder = await realpath(current);
    return {
      folder,
      manifest: parseManifest(await readFile(join(folder, "manifest.json"), "utf8")),
    };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new PipelineError(
      {
        code: "nothing_published",
        message: isAbsent
          ? `Nothing is published in ${published} yet.`
          : `The snapshot in ${current} cannot be read: its manifest is damaged or cannot be opened.`,
        data: "Nothing was read or changed.",
        next: "Publish one with: pipeline run",
      },
      { cause: error },
    );
  }
}
