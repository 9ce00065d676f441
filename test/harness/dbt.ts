import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../src/process/child.ts";
import { PythonEnvironment } from "../../src/transform/environment.ts";
import { projectFolder } from "../../src/transform/project.ts";
import type { TransformOptions } from "../../src/transform/transform.ts";
import { DbtTransform } from "../../src/transform/transform.ts";
import { dbtVariables } from "../../src/transform/variables.ts";
import { temporaryFolder } from "./context.ts";

/** Kept between runs of the tests: it takes half a minute to make. */
export const cacheDir =
  process.env.PIPELINE_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "cfpb-pipeline");

const host = fileURLToPath(new URL("../../src/transform/dbt_host.py", import.meta.url));
const { python } = new PythonEnvironment({ cacheDir, env: {} });

/** The warm child alone, which parses and waits for the line that it is told. */
export function startHost(options: TransformOptions, parsed: string, onLine: (line: string) => void): Child {
  mkdirSync(options.targetDir, { recursive: true });
  return startChild([python, "-I", host], {
    env: { ...dbtVariables(options), PIPELINE_DBT_PARSED: parsed },
    signal: options.signal,
    onLine: (_, line) => onLine(line),
  });
}

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
