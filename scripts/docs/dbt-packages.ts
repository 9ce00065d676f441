import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { PythonEnvironment } from "../../src/transform/environment.ts";

/** The folder of the Python packages that dbt runs on; they are installed where they are not yet. */
export async function dbtPackages(): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ""]));
  const cacheDir = env.PIPELINE_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "cfpb-pipeline");
  const environment = new PythonEnvironment({ cacheDir, env });
  await environment.ensure(() => undefined, AbortSignal.timeout(240_000));
  const lib = join(dirname(dirname(environment.python)), "lib");
  const python = readdirSync(lib).find((name) => name.startsWith("python"))!;
  return join(lib, python, "site-packages");
}
