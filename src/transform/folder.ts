import { makeFolder as make, obstacleToWriting } from "../files/folder.ts";
import { PipelineError } from "../run/errors.ts";

const owed = "The loaded complaints are kept; the marts wait for dbt, and the watermark stays where it was.";

/** Makes a folder that dbt needs. Throws `dbt_environment` where it cannot be made. */
export function makeDbtFolder(folder: string): void {
  try {
    make(folder);
  } catch (error) {
    throw unwritable(error instanceof Error ? error.message : String(error), owed, error);
  }
}

/** Throws `dbt_environment` where a folder cannot be made, or written in. Makes nothing. */
export function checkFolder(folder: string): void {
  const obstacle = obstacleToWriting(folder);
  if (obstacle !== null) {
    throw unwritable(`${folder} (${obstacle.at} ${obstacle.why})`, "Nothing was read or changed.");
  }
}

function unwritable(what: string, data: string, cause?: unknown): PipelineError {
  return new PipelineError(
    {
      code: "dbt_environment",
      message: `dbt needs a folder that cannot be made: ${what}.`,
      data,
      next: "Name a folder that can be written with cacheDir in pipeline.yaml (or PIPELINE_CACHE_DIR), or load without models (--skip-dbt).",
    },
    cause === undefined ? {} : { cause },
  );
}
