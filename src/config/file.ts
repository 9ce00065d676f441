import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, parseDocument, type YAMLParseError } from "yaml";
import { PipelineError } from "../run/errors.ts";

const usualName = "pipeline.yaml";

/**
 * The settings in a YAML file: the given one, else the `pipeline.yaml` of the home that a flag or the environment names, else the one of the
 * current folder, where there is one. Throws `config_invalid`.
 */
export function readConfigFile(
  given: string | undefined,
  home: string | undefined,
): { path: string; settings: Record<string, unknown>; warnings: string[] } {
  const ofHome = home === undefined || home === "" ? undefined : join(home, usualName);
  const path = given ?? [ofHome, usualName].find((file) => file !== undefined && existsSync(file)) ?? usualName;
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && given === undefined) return { path, settings: {}, warnings: [] };
    throw badFile(path, code === "ENOENT" ? "it is not there" : `it cannot be read (${code})`);
  }
  // What it warns of is told in our words, or not at all.
  const document = parseDocument(content, { logLevel: "error" });
  const [problem] = document.errors;
  if (problem) throw badFile(path, whyNot(problem));
  let settings: unknown;
  try {
    settings = document.toJS() ?? {};
  } catch (error) {
    const isMissing = /Unresolved alias/.test((error as Error).message);
    throw badFile(path, isMissing ? "an alias (*) in it names nothing" : "its aliases (*) stand for too much");
  }
  if (!isObject(settings)) throw badFile(path, "expected keys with values");
  return { path, settings, warnings: path === ofHome ? hidden(path, content) : [] };
}

/** Says of the file of a home that it is used in place of one in the current folder that says something else. */
function hidden(path: string, content: string): string[] {
  const isOther = existsSync(usualName) && readFileSync(usualName, "utf8") !== content;
  return isOther ? [`${path} is used, and the ${usualName} in the current folder is not.`] : [];
}

function badFile(path: string, why: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    message: `The configuration file ${path} cannot be used: ${why}.`,
    data: "Nothing was read or changed.",
    next: "Edit the file, or name another one with --config; a file with every setting: pipeline init --config NEW.yaml",
  });
}

/** What is wrong with a text that is no YAML, by the parser's code, and where. */
function whyNot({ code, linePos }: YAMLParseError): string {
  const { line = 1, col = 1 } = linePos?.[0] ?? {};
  return `line ${line}, column ${col}: ${yamlProblems[code] ?? "this is not YAML"}`;
}

const yamlProblems: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: "the indentation is wrong, or a bracket is not closed",
  BAD_SCALAR_START: "a value that begins with this character stands in quotes",
  BLOCK_AS_IMPLICIT_KEY: "two keys stand on one line, or a value with a colon stands without quotes",
  DUPLICATE_KEY: "this key is there twice",
  MISSING_CHAR: "a quote, a bracket or a colon is missing",
  MULTIPLE_DOCS: "the file holds more than one document (---)",
  TAB_AS_INDENT: "the line is indented with a tab; use spaces",
  UNEXPECTED_TOKEN: "this does not belong here; look at the indentation, and at quotes around values",
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
