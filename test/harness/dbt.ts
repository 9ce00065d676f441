import { homedir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../src/transform/project.ts";
import type { TransformOptions } from "../../src/transform/transform.ts";
import { DbtTransform } from "../../src/transform/transform.ts";
import { temporaryFolder } from "./context.ts";

/** Kept between runs of the tests: it takes half a minute to make. */
export const cacheDir =
  process.env.PIPELINE_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "cfpb-pipeline");

/** The real dbt on a database. */
export function testTransform(database: string, change: Partial<TransformOptions> = {}): DbtTransform {
  return new DbtTransform({ ...testOptions(database), ...change });
}

export function testOptions(database: string): TransformOptions {
  return {
    dbt: null,
    cacheDir,
    projectDir: projectFolder,
    targetDir: join(temporaryFolder(), "target"),
    database,
    memoryLimit: "512MB",
    threads: 2,
    env: process.env as Record<string, string>,
    signal: new AbortController().signal,
  };
}
