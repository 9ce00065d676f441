import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { type Output, runDbt, writeDocs } from "../../transform/command.ts";
import { type DbtFacts, inspectDbt } from "../../transform/inspect.ts";
import { projectFolder } from "../../transform/project.ts";
import { DbtTransform, type TransformOptions } from "../../transform/transform.ts";
import { holdWarehouse, warehouseFolderName, wireWarehouse } from "./warehouse.ts";

export function wireTransform(config: Config, signal: AbortSignal): DbtTransform {
  return new DbtTransform(transformOptions(config, signal));
}

function transformOptions(config: Config, signal: AbortSignal): TransformOptions {
  const { dbt, cacheDir, database, env, duckdb } = config;
  const targetDir = join(config.home, "dbt", warehouseFolderName(database));
  // dbt and uv do not start for a user without a home directory.
  const known = { ...env, HOME: env.HOME || cacheDir };
  const warehouse = wireWarehouse(config).buildVariables;
  return { dbt, cacheDir, projectDir: projectFolder, targetDir, warehouse, ...duckdb, env: known, signal };
}

/** Where a command prints what dbt says, and what a user should read of the warehouse. */
type CommandOutput = Output & { onNotice(text: string): void };

/** Any dbt command on this warehouse, which nobody else has meanwhile. Gives dbt's exit code. */
export async function dbtOnWarehouse(
  config: Config,
  args: readonly string[],
  signal: AbortSignal,
  output: CommandOutput,
): Promise<number> {
  return holdWarehouse(config, output.onNotice, (warehouse) =>
    warehouse.handOver(() => runDbt(transformOptions(config, signal), args, output)),
  );
}

/** Writes dbt's documentation as one page; gives its path. */
export async function dbtDocs(config: Config, signal: AbortSignal, output: CommandOutput): Promise<string> {
  const file = join(config.home, "dbt-docs.html");
  return holdWarehouse(config, output.onNotice, (warehouse) =>
    warehouse.handOver(() => writeDocs(transformOptions(config, signal), file, output)),
  );
}

/** What will build the marts. */
export async function dbtFacts(config: Config, signal: AbortSignal): Promise<DbtFacts> {
  return inspectDbt(transformOptions(config, signal));
}
