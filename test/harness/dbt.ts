import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../src/process/child.ts";
import { PythonEnvironment } from "../../src/transform/environment.ts";
import { projectFolder } from "../../src/transform/project.ts";
import type { TransformOptions } from "../../src/transform/transform.ts";
import { DbtTransform } from "../../src/transform/transform.ts";
import { dbtVariables } from "../../src/transform/variables.ts";
import { temporaryFolder, testContext } from "./context.ts";
import { complaint, testWarehouse } from "./warehouse.ts";

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

/** Has the warm child of a fresh home parse a project; gives the reasons why all of it was parsed, in the words of dbt's log. */
export async function parseProject(
  parsed: string,
  projectDir: string,
  change: Partial<TransformOptions> = {},
): Promise<string[]> {
  const options = { ...testOptions(join(temporaryFolder(), "warehouse.duckdb")), projectDir, ...change };
  const lines: string[] = [];
  const child = startHost(options, parsed, (line) => void lines.push(line));
  child.writeLine("");
  assert.equal((await child.exited).code, 0, lines.join("\n"));
  const models = lines.find((line) => line.includes('"Manifest"')) ?? "";
  assert.match(models, /"alias": "fct_complaints"/);
  return lines.flatMap((line) => /Unable to do partial parsing because ([^."]+)/.exec(line)?.[1] ?? []);
}

/** A copy of the project, to be changed. */
export function copyOfProject(): string {
  const projectDir = join(temporaryFolder(), "dbt");
  cpSync(projectFolder, projectDir, { recursive: true });
  return projectDir;
}

/** A command that is dbt, as a user may have it. */
export function ownDbt(): string {
  const dbt = join(temporaryFolder(), "dbt-of-my-own");
  writeFileSync(dbt, `#!/bin/sh\nexec '${python}' -I -c 'from dbt.cli.main import cli; cli()' "$@"\n`, { mode: 0o755 });
  return dbt;
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
    warehouse: { PIPELINE_DBT_DATABASE: database },
    memoryLimit: "512MB",
    threads: 2,
    env: process.env as Record<string, string>,
    signal: new AbortController().signal,
  };
}

/** The path of a warehouse with two complaints and all that dbt makes of them. */
export async function builtWarehouse(): Promise<string> {
  const { path, warehouse, load } = testWarehouse();
  await load([complaint("1"), complaint("2", { state: "CA" })]);
  await warehouse.close();
  assert.equal((await testTransform(path).build(testContext())).state, "Completed");
  return path;
}
