import { examples } from "../../src/cli/examples.ts";
import { version } from "../../src/config/version.ts";
import { commands } from "./tree.ts";

/** man/pipeline.1, in the macros of man(7). */
export function manPage(): string {
  const { global, all } = commands();
  const options = (rows: { flags: string; description: string }[]) =>
    rows.map(({ flags, description }) => `.TP\n.B ${roff(flags)}\n${roff(description)}\n`).join("");
  const sections = all.map((command) => {
    const shown = (examples[command.path] ?? []).flatMap(([line, what]) => [
      ...(what === undefined ? [] : [`# ${what}`]),
      line,
    ]);
    const named = command.arguments.map(({ name, description }) => ({ flags: name, description }));
    return `.SS ${roff(command.name)}\n${roff(command.description)}\n.PP\n.B ${roff(command.usage)}\n${options([...named, ...command.options])}.PP\n.EX\n${shown.map(roff).join("\n")}\n.EE\n`;
  });
  return `.\\" Made by npm run docs from the program itself.
.TH PIPELINE 1 "" "pipeline ${version()}" "User Commands"
.SH NAME
pipeline \\- a local, complete copy of the US CFPB Consumer Complaint Database
.SH SYNOPSIS
.B pipeline
.RI [ options ]
.I command
.RI [ arguments ]
.SH DESCRIPTION
Loads complaints of the configured companies from the CFPB search API into a DuckDB file, proves them complete against the source,
builds marts with dbt, and publishes a snapshot of Parquet files that other programs read.
.SH OPTIONS
Of every command, before or after its name:
${options(global)}.SH COMMANDS
${sections.join("")}.SH EXIT STATUS
0 completed, also when there was nothing new; 1 failed; 2 wrong usage or configuration; 3 some companies failed and the rest is
committed; 75 another run holds the warehouse; 130 and 143 cancelled by SIGINT and SIGTERM.
.SH FILES
.TP
.I pipeline.yaml
The configuration, in the directory that the command is run in.
.TP
.I database/
The home: warehouse, history, schedules, snapshot.
.SH ENVIRONMENT
.TP
.B PIPELINE_*
Settings, such as
.BR PIPELINE_START_DATE .
.TP
.B NO_COLOR
No colors.
`;
}

/** A line that roff takes as it is. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
