import type { Command, Option } from "commander";
import { leafCommands, pathOf } from "../../src/cli/examples.ts";
import { buildProgram } from "../../src/cli/program.ts";

export type Documented = {
  /** `pipeline runs ls` */
  name: string;
  /** `pipeline runs ls [options] [id]` */
  usage: string;
  description: string;
  arguments: { name: string; description: string }[];
  options: { flags: string; description: string }[];
  /** Its path, for the examples. */
  path: string;
};

/** All that the command line can do, as data: what the reference and the man page are made of. */
export function commands(): { global: Documented["options"]; all: Documented[] } {
  const program = buildProgram(() => undefined);
  return { global: optionsOf(program), all: leafCommands(program).map(documented) };
}

function documented(command: Command): Documented {
  const path = pathOf(command);
  return {
    name: `pipeline ${path}`,
    usage: `pipeline ${path} ${command.usage()}`,
    description: sentence(command.description()),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.variadic ? `${argument.name()}...` : argument.name(),
      description: sentence(argument.description),
    })),
    options: optionsOf(command),
    path,
  };
}

function optionsOf(command: Command): Documented["options"] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }: Option) => long !== "--help")
    .map(({ flags, description, defaultValue }) => ({
      flags,
      description: sentence(
        typeof defaultValue === "string" ? `${description} (default: ${defaultValue})` : description,
      ),
    }));
}

/** Help texts begin small and end without a stop, as a list of them is read; a page of them is read otherwise. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
