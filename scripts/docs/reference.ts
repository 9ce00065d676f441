import { examples } from "../../src/cli/examples.ts";
import { notifyExamples, settingHelp } from "../../src/config/help.ts";
import { configSchema, defaultSettings } from "../../src/config/schema.ts";
import { commands } from "./tree.ts";

const made = "<!-- Made by `npm run docs` from the program itself: change it there. -->\n";

/** docs/commands.md */
export function commandReference(): string {
  const { global, all } = commands();
  const list = (rows: { flags: string; description: string }[]) =>
    rows.map(({ flags, description }) => `- \`${flags}\`: ${description}\n`).join("");
  const sections = all.map((command) => {
    const shown = (examples[command.path] ?? []).map(([line, what]) =>
      what === undefined ? line : `${line}  # ${what}`,
    );
    return [
      `## ${command.name}\n\n${command.description}\n\n\`\`\`text\n${command.usage}\n\`\`\`\n`,
      command.arguments.length === 0
        ? ""
        : `\n${list(command.arguments.map(({ name, description }) => ({ flags: name, description })))}`,
      command.options.length === 0 ? "" : `\n${list(command.options)}`,
      `\n\`\`\`sh\n${shown.join("\n")}\n\`\`\`\n`,
    ].join("");
  });
  const contents = all.map(({ name }) => `- [${name}](#${name.replaceAll(" ", "-")})\n`).join("");
  return `${made}
# Commands

Data goes to stdout, progress and errors to stderr. Every command takes, before or after its name:

${list(global)}
Exit codes: 0 completed (also when there was nothing new), 1 failed, 2 wrong usage or configuration, 3 some companies failed and the
rest is committed, 75 another run holds the warehouse, 130 and 143 cancelled by Ctrl-C and SIGTERM.

${contents}
${sections.join("\n")}`;
}

type Property = {
  type?: string;
  anyOf?: Property[];
  enum?: string[];
  const?: string;
  items?: Property;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxLength?: number;
  properties?: Record<string, Property>;
};

/** docs/configuration.md */
export function configurationReference(): string {
  const { properties } = configSchema() as { properties: Record<string, Property> };
  const defaults = defaultSettings();
  const rows = Object.entries(settingHelp).map(([key, help]) => {
    const property = properties[key]!;
    const inner = key === "notify" ? [] : Object.entries(property.properties ?? {});
    const own = `| \`${key}\` | ${inner.length > 0 || key === "notify" ? "" : `\`${variable(key)}\``} | ${typeOf(property)} | ${inner.length > 0 ? "" : valueText(defaults[key], key)} | ${help} |\n`;
    const parts = inner.map(([part, what]) => {
      const value = (defaults[key] as Record<string, unknown>)[part];
      return `| \`${key}.${part}\` | \`${variable(`${key}_${part}`)}\` | ${typeOf(what)} | ${valueText(value, part)} | |\n`;
    });
    return own + parts.join("");
  });
  return `${made}
# Configuration

What is not given by a flag is taken from the environment (\`PIPELINE_*\`), then from \`pipeline.yaml\` in the directory that the command is
run in (another file: \`--config FILE\`), then from the defaults here. \`pipeline init\` writes the file with every setting as a comment,
and a JSON Schema that editors use. A key that does not exist is an error, with the nearest one that does; an unknown \`PIPELINE_*\` variable
is a warning.

| key | variable | type | default | meaning |
|---|---|---|---|---|
${rows.join("")}
## Notifications

\`on\` says which kinds are told: ${listOf((defaults.notify as { on: string[] }).on)} (all of them where it is left out). Channels, as many as you
like:

\`\`\`yaml
notify:
${notifyExamples.map((line) => `  ${line}`).join("\n")}
\`\`\`

A secret does not stand in the configuration: \`env:NAME\` names a variable of the environment that runs start in, \`file:PATH\` a file that
holds nothing but the value. [Operations](operations.md#notifications) says what each channel sends.
`;
}

const listOf = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(", ");

function variable(key: string): string {
  return `PIPELINE_${key.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase()}`;
}

function typeOf(property: Property): string {
  const { type, items, enum: words, minimum, exclusiveMinimum, maximum } = property;
  if (words !== undefined) return words.join(" or ");
  if (type === "array") return `list of ${items?.enum === undefined ? `${items?.type}s` : "words"}`;
  if (type === "integer" || type === "number") {
    const least = exclusiveMinimum === undefined ? minimum : `more than ${exclusiveMinimum}`;
    return `${type === "integer" ? "whole number" : "number"}, ${least} to ${maximum?.toLocaleString("en-US")}`;
  }
  if (type === "object") return "keys";
  return "text";
}

/** The number of threads is this machine's own. */
function valueText(value: unknown, key: string): string {
  if (key === "threads") return "processors, at most 4";
  if (key === "notify") return "nobody is told";
  if (value === undefined) return "";
  return `\`${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}\``;
}
