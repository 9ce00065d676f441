import { join } from "node:path";

export type DbtSettings = {
  /** The dbt project. */
  projectDir: string;
  /** Everything dbt writes besides the warehouse, one for each of them. */
  targetDir: string;
  /** What the profile is told of the warehouse. */
  warehouse: Readonly<Record<string, string>>;
  memoryLimit: string;
  /** Threads of DuckDB. */
  threads: number;
  /** The environment variables to run in. */
  env: Record<string, string>;
};

/** More gain nothing beyond the noise, at 125,000 rows and at 5 million, and each takes its own memory (docs/performance.md). */
const nodesAtOnce = 2;

/** What dbt runs in. The user's own DBT_* variables are left out: they belong to other projects and would bend this one. */
export function dbtVariables(options: DbtSettings): Record<string, string> {
  const { env, projectDir, targetDir, warehouse, memoryLimit, threads } = options;
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("DBT_") && name !== "PYTHONDONTWRITEBYTECODE");
  return {
    ...Object.fromEntries(kept),
    DBT_PROJECT_DIR: projectDir,
    DBT_PROFILES_DIR: projectDir,
    DBT_TARGET_PATH: targetDir,
    // Both or neither: with an unset log path and a project that cannot be written dbt ends without a word.
    DBT_LOG_PATH: targetDir,
    DBT_LOG_LEVEL_FILE: "none",
    DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
    DO_NOT_TRACK: "1",
    ...warehouse,
    PIPELINE_DBT_THREADS: String(Math.min(threads, nodesAtOnce)),
    PIPELINE_DBT_DUCKDB_THREADS: String(threads),
    PIPELINE_DBT_MEMORY_LIMIT: memoryLimit,
    PIPELINE_DBT_SPILL: join(targetDir, "spill"),
    TZ: "UTC",
  };
}
