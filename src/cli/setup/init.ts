import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { notifyExamples, settingHelp } from "../../config/help.ts";
import { configSchema, defaultSettings } from "../../config/schema.ts";
import { makeFolder, obstacleToWriting } from "../../files/folder.ts";
import { withHomeOptions } from "../hints.ts";
import type { GlobalOptions } from "../options.ts";
import { wrong } from "../usage-error.ts";

export type InitOptions = GlobalOptions & { force?: boolean };

const schemaName = "pipeline.schema.json";
/** What most people change; the rest stands in the file as comments, with its default. */
const open = ["startDate", "companies", "lookBackDays"];

/** `pipeline init`: a commented configuration file, and its JSON Schema beside it for editors. */
export async function initCommand(options: InitOptions): Promise<number> {
  const file = options.config ?? "pipeline.yaml";
  const schemaFile = join(dirname(file), schemaName);
  const there = [file, schemaFile].filter((name) => existsSync(name));
  if (there.length > 0 && options.force !== true) {
    throw wrong(
      `There is a ${there.join(" and a ")} already.`,
      "Edit it, or write it anew with --force.",
      "Nothing was written.",
    );
  }
  const obstacle = obstacleToWriting(dirname(resolve(file)));
  if (obstacle !== null) {
    throw wrong(
      `${file} cannot be written: ${obstacle.at} ${obstacle.why}.`,
      "Name another place: pipeline init --config DIR/pipeline.yaml",
      "Nothing was written.",
    );
  }
  makeFolder(dirname(resolve(file)));
  writeFileSync(file, commentedConfig());
  writeFileSync(schemaFile, `${JSON.stringify(configSchema(), null, 2)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ files: [resolve(file), resolve(schemaFile)] })}\n`);
  else if (!options.quiet)
    process.stdout.write(withHomeOptions(`${file} and ${schemaFile} written. Next: pipeline plan\n`));
  return 0;
}

/** The configuration file with every setting, its meaning and its default. */
export function commentedConfig(): string {
  const settings = defaultSettings();
  const parts = Object.entries(settingHelp).map(([key, help]) => {
    const value = settings[key];
    const lines = (value === undefined ? `${key}:` : stringify({ [key]: value }).trimEnd()).split("\n");
    const active = open.includes(key);
    if (key === "notify") lines.push(...notifyExamples.map((example) => `  # ${example}`));
    return `# ${help}\n${lines.map((line) => (active ? line : `# ${line}`)).join("\n")}\n`;
  });
  return [
    `# yaml-language-server: $schema=./${schemaName}\n# Settings of pipeline. Flags and PIPELINE_* variables come before them.\n`,
    ...parts,
  ].join("\n");
}
