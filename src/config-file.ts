import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { PipelineError } from "./pipeline/errors.ts";

/** The settings in a YAML file: the given one, or `pipeline.yaml` where there is one. Throws `config_invalid`. */
export function readConfigFile(given: string | undefined): { path: string; settings: Record<string, unknown> } {
  const path = given ?? "pipeline.yaml";
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && given === undefined) return { path, settings: {} };
    throw badFile(path, code === "ENOENT" ? "it is not there" : `it cannot be read (${code})`);
  }
  const document = parseDocument(content);
  const [problem] = document.errors;
  if (problem) throw badFile(path, problem.message.split("\n")[0] ?? "it is not YAML");
  const settings: unknown = document.toJS() ?? {};
  if (!isObject(settings)) throw badFile(path, "expected keys with values");
  return { path, settings };
}

function badFile(path: string, why: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    what: `The configuration file ${path} cannot be used: ${why}.`,
    data: "Nothing was read or changed.",
    next: "Correct the file, or name another one with --config.",
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
