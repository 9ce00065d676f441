import { mkdir } from "node:fs/promises";
import { PipelineError } from "../pipeline/errors.ts";

/** Makes a folder that dbt needs. Throws `dbt_environment` where it cannot be made. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new PipelineError(
      {
        code: "dbt_environment",
        what: `dbt needs a folder that could not be made: ${error instanceof Error ? error.message : String(error)}.`,
        data: "The loaded complaints are kept; the marts wait for dbt, and the watermark stays where it was.",
        next: "See that it can be written, or name another place in pipeline.yaml (home, cacheDir), and run again.",
      },
      { cause: error },
    );
  }
}
