import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { GlobalOptions } from "./options.ts";

/** This program with a command, to be started by something else from anywhere: the right Node, absolute paths, the same home. */
export function ownCommand(
  words: readonly string[],
  { config, source, home, database }: GlobalOptions,
): [node: string, ...string[]] {
  const settings = [
    ...(config === undefined ? [] : ["--config", resolve(config)]),
    ...(source === undefined ? [] : ["--source", source]),
    ...(home === undefined ? [] : ["--home", resolve(home)]),
    ...(database === undefined ? [] : ["--database", resolve(database)]),
  ];
  return [process.execPath, realpathSync(process.argv[1]!), ...words, ...settings];
}
