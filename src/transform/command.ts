import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "../process/child.ts";
import { PipelineError } from "../run/errors.ts";
import { PythonEnvironment } from "./environment.ts";
import { makeDbtFolder } from "./folder.ts";
import type { TransformOptions } from "./transform.ts";
import { dbtVariables } from "./variables.ts";

export type Output = {
  /** Whether dbt colors what it says. */
  color: boolean;
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** Told what is done to make the environment, when it has to be made. */
  progress(step: string): void;
};

/** Any dbt command, with the profile of this warehouse. Gives dbt's own exit code. */
export async function runDbt(options: TransformOptions, args: readonly string[], output: Output): Promise<number> {
  const { dbt, signal, targetDir } = options;
  makeDbtFolder(targetDir);
  const environment = new PythonEnvironment(options);
  if (dbt === null) await environment.ensure(output.progress, signal);
  const start = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()";
  const command = dbt === null ? [environment.python, "-I", "-c", start, ...args] : [dbt, ...args];
  const env = { ...dbtVariables(options), DBT_USE_COLORS: String(output.color) };
  const child = startChild(command, { env, signal, onLine: output.onLine });
  const { code } = await child.exited;
  signal.throwIfAborted();
  return code ?? 1;
}

/** Writes dbt's documentation of the project, with its lineage, as one page that asks no other host. Gives its path. */
export async function writeDocs(options: TransformOptions, file: string, output: Output): Promise<string> {
  const said: string[] = [];
  const onLine: Output["onLine"] = (stream, line) => {
    said.push(line);
    output.onLine(stream, line);
  };
  const code = await runDbt(options, ["--quiet", "docs", "generate", "--static"], {
    ...output,
    onLine,
  });
  if (code !== 0) {
    throw new PipelineError({
      code: "dbt_failed",
      message: `dbt could not write its documentation (exit code ${code}): ${said.slice(-3).join(" | ") || "it said nothing"}`,
      data: "Nothing was changed.",
      next: "Run `pipeline run` first, so that there are models to describe; then try again.",
    });
  }
  await writeFile(file, withoutTracker(await readFile(join(options.targetDir, "static_index.html"), "utf8")));
  return file;
}

/** dbt's page loads a tracker from another host: it is taken out, and the browser is told to ask nobody. */
function withoutTracker(page: string): string {
  const policy =
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:";
  return page
    .replaceAll(/\/\/[a-z0-9]+\.cloudfront\.net\/[^"']*sp\.js/g, "")
    .replace("<head>", `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`);
}
