import { version as duckdbOfNode } from "@duckdb/node-api";
import { startChild } from "../process/child.ts";
import { PythonEnvironment } from "./environment.ts";
import { DbtTransform, type TransformOptions } from "./transform.ts";

export type DbtFacts = {
  /** own: a dbt of the user's; made: the managed environment is there; unmade: the next run makes it. */
  kind: "own" | "made" | "unmade";
  /** The DuckDB that writes the marts; null where only dbt itself knows. */
  duckdb: string | null;
  /** The DuckDB that writes the complaints into the same file. */
  duckdbOfNode: string;
  /** What is wrong with the managed environment; null where nothing is. */
  damage: string | null;
};

/** What will build the marts. Throws `python_missing` where nothing can, `dbt_environment` where it is damaged. */
export async function inspectDbt(options: TransformOptions): Promise<DbtFacts> {
  const { dbt, env, signal } = options;
  await new DbtTransform(options).check();
  const facts = { damage: null, duckdb: null, duckdbOfNode: duckdbOfNode().replace(/^v/, "") };
  if (dbt !== null) return { kind: "own", ...facts };
  const environment = new PythonEnvironment(options);
  if (!environment.isMade()) return { kind: "unmade", ...facts };
  const damage = await environment.damage(signal);
  if (damage !== null) return { kind: "made", ...facts, damage };
  const lines: string[] = [];
  const command = [environment.python, "-I", "-c", "import duckdb, dbt.version; print(duckdb.__version__)"];
  const child = startChild(command, { env, signal, onLine: (_, line) => void lines.push(line) });
  await child.exited;
  return { kind: "made", ...facts, duckdb: lines.at(-1) ?? null };
}
