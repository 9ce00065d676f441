import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { privateMode } from "../../files/private-file.ts";
import { sqlIdentifier } from "../../pipeline/sql-text.ts";
import { factsOf } from "../../run/errors.ts";
import type { SqlSession } from "../../snapshot/sql.ts";
import { errorText } from "../terminal/error-output.ts";
import { styleFor } from "../terminal/style.ts";
import { printQuery, type SqlFormat } from "./sql-output.ts";

const help = `A statement ends with ; and may have several lines. Ctrl-C ends a statement, Ctrl-D the shell.
.tables          the published tables
.schema TABLE    the columns of a table
.mode MODE       how results are shown: table, line (a value a line, whole), csv or json
help, .help, ?   this text
exit, quit, \\q   leave; .exit and .quit too
`;
const prompt = "sql> ";
const continued = "...> ";
const modes: readonly string[] = ["table", "line", "csv", "json"] satisfies SqlFormat[];

/** A shell on the snapshot, with a history that is kept in the home. */
export async function sqlShell(session: SqlSession, home: string, format: SqlFormat): Promise<number> {
  const historyFile = join(home, ".sql_history");
  const history = existsSync(historyFile) ? readFileSync(historyFile, "utf8").split("\n").filter(Boolean) : [];
  const input = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: process.stdin.isTTY === true,
    history: history.slice(-1000).reverse(),
    historySize: 1000,
    prompt,
  });
  let mode = format;
  let running: AbortController | undefined;
  let statement = "";
  input.on("SIGINT", () => {
    running?.abort(new Error("stopped"));
    statement = "";
    if (running === undefined) {
      process.stdout.write("\n");
      input.setPrompt(prompt);
      input.prompt();
    }
  });
  process.stdout.write("SQL on the published snapshot; help says more, exit leaves.\n");
  input.prompt();
  for await (const line of input) {
    const isFirst = statement === "";
    const word = commandOf(line.trim());
    // Whoever has forgotten a semicolon wants out, or help, all the same; anything else in a statement is part of it.
    if (!isFirst && word?.name === "help" && /^\.?help$/i.test(line.trim())) {
      process.stdout.write(help);
      input.prompt();
      continue;
    }
    const command = isFirst || word?.name === "quit" ? word : null;
    statement = isFirst ? line.trim() : `${statement}\n${line}`;
    if (command?.name === "quit") break;
    if (statement === "" || command !== null || /;\s*$/.test(statement)) {
      if (statement !== "") remember(historyFile, statement);
      const text = command === null ? statement : command.sql;
      if (command?.name === "help") process.stdout.write(help);
      if (command?.name === "mode") mode = modeOf(command.argument, mode);
      statement = "";
      if (text !== "") {
        running = new AbortController();
        await printQuery(session, text, mode, running.signal).catch((error: unknown) => {
          if (running?.signal.aborted) process.stdout.write("Stopped.\n");
          else process.stderr.write(errorText(factsOf(error), styleFor(process.stderr, {}, process.env)));
        });
        running = undefined;
      }
    }
    input.setPrompt(statement === "" ? prompt : continued);
    input.prompt();
  }
  input.close();
  return 0;
}

function remember(file: string, statement: string): void {
  appendFileSync(file, `${statement.replaceAll(/\s*\n\s*/g, " ")}\n`, { mode: privateMode });
}

type ShellCommand = { name: "quit" | "help" | "mode" | "sql"; sql: string; argument: string };

/** What a line is for the shell itself; null where it is SQL. Words of other shells mean the same here. */
function commandOf(line: string): ShellCommand | null {
  const [word = "", ...rest] = line.replace(/;\s*$/, "").trim().split(/\s+/);
  const made = (name: ShellCommand["name"], sql = ""): ShellCommand => ({ name, sql, argument: rest.join(" ") });
  if (rest.length === 0 && /^(\.?exit|\.?quit|\\q|:q)$/i.test(word)) return made("quit");
  if (rest.length === 0 && /^(\.?help|\\\?|\?|\\h)$/i.test(word)) return made("help");
  if (rest.length === 0 && /^(\.tables|\\dt?)$/.test(word)) return made("sql", "show tables");
  if (rest.length === 1 && /^(\.schema|\\d)$/.test(word)) {
    return made("sql", `describe ${sqlIdentifier(rest[0]!)}`);
  }
  if (word === ".mode") return made("mode");
  return /^[.\\]/.test(word) ? made("help") : null;
}

function modeOf(text: string, before: SqlFormat): SqlFormat {
  if (modes.includes(text)) return text as SqlFormat;
  process.stdout.write(`Expected one of ${modes.join(", ")}.\n`);
  return before;
}
