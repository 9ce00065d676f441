import type { Command } from "commander";
import type { Loaded } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";

/** Options of every command, before or after its name, and the settings that several commands take. */
export type GlobalOptions = {
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  color?: boolean;
  config?: string;
  home?: string;
  database?: string;
  source?: string;
};

export function globalOptions(program: Command): void {
  program
    .option("--json", "print one JSON document on stdout")
    .option("-q, --quiet", "print nothing when all went well")
    .option("-v, --verbose", "print more of what happens")
    .option("--no-color", "print without colors")
    .option("--config <file>", "configuration file (default: pipeline.yaml)")
    .option("--home <dir>", "where everything is kept (default: database)");
}

/** The configuration that the options name, and how to say what was odd about it. */
export async function configOf(options: GlobalOptions, settings: Partial<Settings> = {}): Promise<Loaded> {
  const { loadConfig } = await import("../config/load.ts");
  const { dayOf } = await import("../pipeline/window/days.ts");
  const { home, database, source } = options;
  return loadConfig({ home, database, source, ...settings }, options.config, dayOf(Date.now()));
}
